"""`/v1/reports`: how well promises were kept, and how many agents it takes."""

import asyncio
from datetime import date, timedelta
from functools import cache
from typing import Annotated, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

import msgspec
from litestar import get
from litestar.params import FromQuery, QueryParameter

from tickets.api.auth import needs
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.application.placements.staffing import Side as Need
from tickets.application.placements.staffing import StaffingReport, Wanted, staffing
from tickets.application.promises.attainment import AttainmentReport, Cut, Period, Promised, Side, attainment
from tickets.domain.words import Channel

LONGEST = timedelta(days=3660)
LONGEST_STAFFING = timedelta(days=366)
LONGEST_WAIT = timedelta(days=30)
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
USUAL = timedelta(weeks=4)
"""What is reported when nobody says from when on."""

Start: TypeAlias = Annotated[
    date | None, QueryParameter(description="First date; four weeks before `end` by default.")
]
End: TypeAlias = Annotated[
    date | None, QueryParameter(description="Date after the last; tomorrow by default.")
]


@get("/v1/reports/sla", opt=needs("tickets:read"), tags=["Reports"], operation_id="reportAttainment")
async def report_attainment(  # noqa: PLR0913, PLR0917 - one parameter a choice
    parts: FromParts,
    start: Start = None,
    end: End = None,
    zone: Annotated[
        str, QueryParameter(max_length=64, description="IANA time zone the dates and periods are of.")
    ] = "UTC",
    period: FromQuery[Period | None] = None,
    by: Annotated[list[Side] | None, QueryParameter(description="Group by these too.")] = None,
    metric: FromQuery[Promised | None] = None,
    policy: FromQuery[str | None] = None,
    team: FromQuery[str | None] = None,
) -> AttainmentReport:
    """Attainment and percentiles by metric, and on request by policy, team and period.

    A verdict belongs to the period in which it fell: a met promise when it was fulfilled, a broken one at its
    due instant. What still runs late is broken; its time so far is among the percentiles.
    """
    now = parts.now()
    found = _zone(zone)
    start, end = _dates(start, end, now.astimezone(found).date(), LONGEST)
    cut = Cut(
        first=start,
        last=end,
        zone=found,
        period=period,
        by=frozenset(by or ()),
        metric=metric,
        policy=policy,
        team=team,
    )
    return await attainment(parts.promises.decided(start, end, now), parts.house.terms, cut, now)


@get("/v1/reports/staffing", opt=needs("tickets:read"), tags=["Reports"], operation_id="reportStaffing")
async def report_staffing(  # noqa: PLR0913, PLR0917 - one parameter a choice
    parts: FromParts,
    start: Start = None,
    end: End = None,
    zone: Annotated[
        str, QueryParameter(max_length=64, description="IANA time zone the dates and hours are of.")
    ] = "UTC",
    by: Annotated[list[Need] | None, QueryParameter(description="For skills and regions, too.")] = None,
    team: FromQuery[str | None] = None,
    channel: FromQuery[Channel | None] = None,
    share: Annotated[
        float, QueryParameter(ge=0.01, le=0.999, description="Of all who come, who is to be served in time.")
    ] = 0.8,
    within: Annotated[
        str, QueryParameter(max_length=40, description="In which time (ISO 8601 duration).")
    ] = "PT20S",
    patience: Annotated[
        str | None,
        QueryParameter(max_length=40, description="Mean time after which who waits gives up: Erlang A."),
    ] = None,
) -> StaffingReport:
    """Arrivals and handling time by hour of the week, agents needed for a service level, and who is missing.

    Without `patience` by Erlang C, with it by Erlang A: who gives up was not served in time.
    """
    now = parts.now()
    found = _zone(zone)
    start, end = _dates(start, end, now.astimezone(found).date(), LONGEST_STAFFING)
    wanted = Wanted(
        first=start,
        last=end,
        zone=found,
        share=share,
        within=_duration(within, "within", timedelta(0)),
        patience=None if patience is None else _duration(patience, "patience", timedelta(seconds=1)),
        by=frozenset(by or ()),
        team=team,
        channel=channel,
    )
    came = await parts.reading.came(wanted)
    desk = await parts.house.desks.current()
    return await asyncio.to_thread(staffing, came, desk, wanted, now)


def _dates(start: date | None, end: date | None, today: date, longest: timedelta) -> tuple[date, date]:
    """The dates asked for, or the usual ones."""
    end = end or today + timedelta(days=1)
    start = start or max(end, EARLIEST + USUAL) - USUAL
    if not EARLIEST <= start < LATEST:
        raise _refused(f"must lie between {EARLIEST} and {LATEST}", "start")
    if not timedelta(0) < end - start <= longest:
        raise _refused(f"must be later than start, by {longest.days} days at most", "end")
    return start, end


def _duration(text: str, parameter: str, least: timedelta) -> timedelta:
    try:
        found = msgspec.convert(text, timedelta)
    except msgspec.ValidationError:
        found = None
    if found is None or not least <= found <= LONGEST_WAIT:
        raise _refused("must be an ISO 8601 duration such as PT20S, of 30 days at most", parameter)
    return found


def _zone(name: str) -> ZoneInfo:
    if name not in _zones():
        raise _refused("is no IANA time zone such as Asia/Ho_Chi_Minh", "zone")
    return ZoneInfo(name)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _refused(detail: str, parameter: str) -> Problem:
    fault = Fault(detail, parameter=parameter)
    return Problem(400, "A parameter of the request cannot be used.", errors=[fault])


ROUTES = (report_attainment, report_staffing)
