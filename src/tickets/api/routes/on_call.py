"""`/v1/on-call` and `/v1/schedules`: who answers when, as a page, as an iCalendar, and by override."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import quote

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from tickets.api.auth import PUBLIC, Call, needs
from tickets.api.idempotency import Answer, repeatable
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.application import publish
from tickets.application.desk.duty import (
    EARLIEST,
    LATEST,
    LONGEST,
    DutyView,
    NewOverride,
    ShiftsView,
    on_duty,
    schedule_of,
    shifts_of,
    with_overrides,
    without_override,
)
from tickets.application.desk.duty_feed import Whose, feed, feed_token, proves
from tickets.application.desk.fault import Fault as DeskFault
from tickets.application.desk.fault import InvalidDesk
from tickets.application.desk.model import Desk
from tickets.domain.errors import NotFound
from tickets.domain.words import Instant

_TAGS = ["On-call"]
_KIND = "on_call_schedules"
USUAL = timedelta(weeks=2)
"""What is shown when nobody says until when."""


class OnCallView(Struct, frozen=True, kw_only=True):
    """Who answers for every schedule as of an instant."""

    as_of: Instant
    schedules: tuple[DutyView, ...]


class NewOverrides(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Overrides that hold together or not at all: a swap is two of them, each with `replaces`."""

    overrides: Annotated[tuple[NewOverride, ...], Meta(min_length=1, max_length=100)]


class FeedView(Struct, frozen=True):
    """Where a calendar program subscribes. Whoever knows the address may read it."""

    url: str


@get("/v1/on-call", opt=needs("desk:read"), tags=_TAGS, operation_id="whoIsOnCall")
async def who_is_on_call(
    parts: FromParts,
    at: Annotated[Instant | None, QueryParameter(description="An instant; now by default.")] = None,
) -> OnCallView:
    """Who answers for every schedule, why, until when, who is next, and when next nobody is."""
    instant = _checked(at or parts.now(), "at")
    desk = await parts.house.desks.current()
    return OnCallView(as_of=instant, schedules=on_duty(desk.desk, instant))


@get("/v1/schedules/{key:str}/shifts", opt=needs("desk:read"), tags=_TAGS, operation_id="listShifts")
async def list_shifts(
    key: FromPath[str],
    parts: FromParts,
    start: Annotated[
        Instant | None, QueryParameter(name="from", description="The beginning; now by default.")
    ] = None,
    end: Annotated[
        Instant | None, QueryParameter(name="to", description="The end; two weeks later by default.")
    ] = None,
) -> ShiftsView:
    """Every shift and gap that meets a period of 366 days at most, whole: the first may begin before it."""
    since = _checked(start or parts.now(), "from")
    until = _checked(end or min(since + USUAL, LATEST - timedelta(microseconds=1)), "to")
    if not timedelta(0) < until - since <= LONGEST:
        raise _refused(f"must be later than from, by {LONGEST.days} days at most", "to")
    desk = (await parts.house.desks.current()).desk
    return shifts_of(schedule_of(desk, key), desk, since, until)


@post("/v1/schedules/{key:str}/overrides", opt=needs("desk:write"), tags=_TAGS, operation_id="addOverrides")
async def add_overrides(
    key: FromPath[str], request: Call, parts: FromParts, data: JSONBody[NewOverrides]
) -> Response[ShiftsView]:
    """Let somebody else answer for a while. The answer tells the shifts around it as they are now."""
    before = 0

    def amended(desk: Desk) -> object:
        nonlocal before
        schedule = schedule_of(desk, key)
        before = len(schedule.overrides)
        return with_overrides(schedule, data.overrides)

    async def add() -> Answer:
        try:
            await publish.amend(parts.desks, _KIND, key, amended, parts.now())
        except InvalidDesk as invalid:
            raise InvalidDesk(_in_body(fault, before) for fault in invalid.faults) from invalid
        desk = (await parts.desks.current()).desk
        since = min(each.starts_at for each in data.overrides)
        until = min(max(each.ends_at for each in data.overrides), since + LONGEST)
        return Answer(201, msgspec.json.encode(shifts_of(schedule_of(desk, key), desk, since, until)))

    answer = await repeatable(parts, request, add)
    return Response(msgspec.json.decode(answer.body, type=ShiftsView), status_code=answer.status)


def _in_body(fault: DeskFault, before: int) -> DeskFault:
    """A fault of the schedule where the caller sees it: the schedule had `before` overrides already."""
    place = re.fullmatch(r"/overrides/(\d+)(.*)", fault.pointer)
    if place is None or int(place[1]) < before:
        return fault
    return DeskFault(f"/overrides/{int(place[1]) - before}{place[2]}", fault.message)


@delete(
    "/v1/schedules/{key:str}/overrides", opt=needs("desk:write"), tags=_TAGS, operation_id="removeOverride"
)
async def remove_override(
    key: FromPath[str],
    parts: FromParts,
    starts_at: Annotated[Instant, QueryParameter(description="Since when it holds.")],
    agent: Annotated[str, QueryParameter(description="Who answers by it.", max_length=200)],
) -> None:
    """Take an override back."""
    since = _checked(starts_at, "starts_at")

    def amended(desk: Desk) -> object:
        return without_override(schedule_of(desk, key), since, agent)

    await publish.amend(parts.desks, _KIND, key, amended, parts.now())


@get("/v1/schedules/{key:str}/feed", opt=needs("desk:read"), tags=_TAGS, operation_id="findScheduleFeed")
async def find_schedule_feed(key: FromPath[str], parts: FromParts) -> FeedView:
    """The address at which calendar programs find the shifts and gaps of a schedule."""
    schedule_of((await parts.house.desks.current()).desk, key)
    return _address(parts, "schedules", key)


@get("/v1/agents/{key:str}/feed", opt=needs("desk:read"), tags=_TAGS, operation_id="findAgentFeed")
async def find_agent_feed(key: FromPath[str], parts: FromParts) -> FeedView:
    """The address at which an agent's calendar program finds when they are on call."""
    if key not in (await parts.house.desks.current()).desk.agents:
        raise NotFound(f"there is no agent {key}")
    return _address(parts, "agents", key)


async def _feed(whose: Whose, key: str, token: str, parts: FromParts) -> Response[bytes]:
    if not proves(token.removesuffix(".ics"), whose, key, parts.secret):
        raise NotFound("there is no such feed")
    desk = (await parts.house.desks.current()).desk
    written = feed(whose, key, desk, parts.now())
    return Response(written, media_type="text/calendar", headers={"Cache-Control": "private, max-age=300"})


@get(
    "/v1/feeds/schedules/{key:str}/{token:str}",
    opt=PUBLIC,
    tags=_TAGS,
    operation_id="readScheduleFeed",
    media_type="text/calendar",
)
async def read_schedule_feed(key: FromPath[str], token: FromPath[str], parts: FromParts) -> Response[bytes]:
    """Four weeks past and half a year ahead of a schedule, as an iCalendar."""
    return await _feed("schedules", key, token, parts)


@get(
    "/v1/feeds/agents/{key:str}/{token:str}",
    opt=PUBLIC,
    tags=_TAGS,
    operation_id="readAgentFeed",
    media_type="text/calendar",
)
async def read_agent_feed(key: FromPath[str], token: FromPath[str], parts: FromParts) -> Response[bytes]:
    """When an agent is on call, four weeks past and half a year ahead, as an iCalendar."""
    return await _feed("agents", key, token, parts)


def _address(parts: FromParts, whose: Whose, key: str) -> FeedView:
    token = feed_token(whose, key, parts.secret)
    return FeedView(f"{parts.public_url}/v1/feeds/{whose}/{quote(key, safe='')}/{token}.ics")


def _checked(at: datetime, parameter: str) -> datetime:
    if at.tzinfo is None:
        raise _refused("must carry its offset from UTC, such as Z or +07:00", parameter)
    if not EARLIEST <= at < LATEST:
        raise _refused(f"must lie between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}", parameter)
    return at.astimezone(UTC)


def _refused(detail: str, parameter: str) -> Problem:
    fault = Fault(detail, parameter=parameter)
    return Problem(400, "A parameter of the request cannot be used.", errors=[fault])


ROUTES = (
    who_is_on_call,
    list_shifts,
    add_overrides,
    remove_override,
    find_schedule_feed,
    find_agent_feed,
    read_schedule_feed,
    read_agent_feed,
)
