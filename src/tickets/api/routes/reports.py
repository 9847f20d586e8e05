"""`/v1/reports`: how well promises were kept."""

from datetime import date, timedelta
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from litestar import get
from litestar.params import FromQuery, QueryParameter

from tickets.api.auth import needs
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.application.promises.attainment import AttainmentReport, Cut, Period, Promised, Side, attainment

LONGEST = timedelta(days=3660)
EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
USUAL = timedelta(weeks=4)
"""What is reported when nobody says from when on."""


@get("/v1/reports/sla", opt=needs("tickets:read"), tags=["Reports"], operation_id="reportAttainment")
async def report_attainment(  # noqa: PLR0913, PLR0917 - one parameter a choice
    parts: FromParts,
    start: Annotated[
        date | None, QueryParameter(description="First date; four weeks before `end` by default.")
    ] = None,
    end: Annotated[
        date | None, QueryParameter(description="Date after the last; tomorrow by default.")
    ] = None,
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
    end = end or now.astimezone(found).date() + timedelta(days=1)
    start = start or max(end, EARLIEST + USUAL) - USUAL
    if not EARLIEST <= start < LATEST:
        raise _refused(f"must lie between {EARLIEST} and {LATEST}", "start")
    if not timedelta(0) < end - start <= LONGEST:
        raise _refused(f"must be later than start, by {LONGEST.days} days at most", "end")
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


ROUTES = (report_attainment,)
