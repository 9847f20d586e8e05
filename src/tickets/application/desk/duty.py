"""Who is on call, as it is shown: by schedule at an instant, shift by shift, and for one person.

Everything here asks `routing.who` and `routing.shifts`, as escalation does: preview, feed and page agree.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

import routing
from tickets.application.desk.model import Agent, Desk
from tickets.domain.errors import NotFound
from tickets.domain.words import Instant

LONGEST = timedelta(days=366)
"""The longest period whose shifts are told at once."""

EARLIEST, LATEST = routing.EARLIEST, routing.LATEST
"""Instants schedules are asked about: from the first until just before the second."""


class ShiftView(Struct, frozen=True, kw_only=True):
    """Who answers from `since` until just before `until`, and by what; `agent` is null in a gap.

    An end that is null is none: it was always so, or stays so.
    """

    agent: str | None
    name: str
    layer: str | None
    override: bool
    reason: str
    since: Instant | None
    until: Instant | None


class DutyView(Struct, frozen=True, kw_only=True):
    """Who answers for a schedule at an instant, who does after that, and when next nobody will.

    `gap_at` is the beginning of the first gap within four weeks: the instant itself when nobody answers now,
    null when there is none.
    """

    schedule: str
    timezone: str
    now: ShiftView
    next: ShiftView | None
    gap_at: Instant | None


class ShiftsView(Struct, frozen=True, kw_only=True):
    """Every shift and gap of a schedule that meets a period, in order and whole."""

    schedule: str
    timezone: str
    shifts: tuple[ShiftView, ...]
    gaps: int


class NewOverride(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `starts_at` until just before `ends_at` `agent` answers instead of whoever would.

    With `replaces`, only where that agent would: two of those, each the other way round, are a swap.
    """

    starts_at: Instant
    ends_at: Instant
    agent: str
    replaces: str | None = None
    reason: Annotated[str, Meta(max_length=500)] = ""


AHEAD = timedelta(weeks=4)
"""How far ahead a gap is looked for."""


def schedule_of(desk: Desk, key: str) -> routing.Schedule:
    """A schedule of the desk. Raises `NotFound`."""
    found = desk.on_call_schedules.get(key)
    if found is None:
        raise NotFound(f"there is no on-call schedule {key}")
    return found


def on_duty(desk: Desk, at: datetime) -> tuple[DutyView, ...]:
    """Who answers for every schedule at an instant of 1970 to 2200, by the schedule's key."""
    return tuple(_duty(schedule, desk, at) for _, schedule in sorted(desk.on_call_schedules.items()))


def shifts_of(schedule: routing.Schedule, desk: Desk, start: datetime, end: datetime) -> ShiftsView:
    """Its shifts and gaps in a period between 1970 and 2200."""
    found = routing.shifts(schedule, start, end)
    return ShiftsView(
        schedule=schedule.key,
        timezone=schedule.timezone,
        shifts=tuple(_shown(shift, desk) for shift in found),
        gaps=sum(shift.agent is None for shift in found),
    )


def shifts_for(agent: str, desk: Desk, start: datetime, end: datetime) -> Iterator[tuple[str, ShiftView]]:
    """The shifts of one agent in a period, each with its schedule's key, schedule by schedule."""
    for key, schedule in sorted(desk.on_call_schedules.items()):
        for shift in routing.shifts(schedule, start, end):
            if shift.agent == agent:
                yield key, _shown(shift, desk)


def _duty(schedule: routing.Schedule, desk: Desk, at: datetime) -> DutyView:
    now = routing.who(schedule, at)
    following = None if now.until is None or now.until >= LATEST else routing.who(schedule, now.until)
    coming = routing.shifts(schedule, at, min(at + AHEAD, LATEST - timedelta(microseconds=1)))
    gap = next((shift for shift in coming if shift.agent is None), None)
    return DutyView(
        schedule=schedule.key,
        timezone=schedule.timezone,
        now=_shown(now, desk),
        next=None if following is None else _shown(following, desk),
        gap_at=None if gap is None else max(at, gap.since or at),
    )


def _shown(shift: routing.OnCall, desk: Desk) -> ShiftView:
    agent: Agent | None = desk.agents.get(shift.agent or "")
    return ShiftView(
        agent=shift.agent,
        name="" if agent is None else agent.name,
        layer=shift.layer,
        override=shift.override is not None,
        reason=shift.reason,
        since=shift.since,
        until=shift.until,
    )


def with_overrides(schedule: routing.Schedule, added: Sequence[NewOverride]) -> routing.Schedule:
    """The schedule where these hold too, after those it has: they see what the earlier ones decided."""
    new = tuple(routing.Override(**asdict(each)) for each in added)
    return replace(schedule, overrides=(*schedule.overrides, *new))


def without_override(schedule: routing.Schedule, starts_at: datetime, agent: str) -> routing.Schedule:
    """The schedule without the overrides by which this agent answers from this instant on.

    Raises:
        NotFound: it has none such.
    """
    kept = tuple(each for each in schedule.overrides if (each.starts_at, each.agent) != (starts_at, agent))
    if len(kept) == len(schedule.overrides):
        raise NotFound(f"no override of {schedule.key} lets {agent} answer from {starts_at.isoformat()}")
    return replace(schedule, overrides=kept)
