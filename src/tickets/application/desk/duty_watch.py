"""What an on-call schedule owes as time passes: a notice at each hand-off, a warning before each gap."""

from datetime import datetime, timedelta

from msgspec import Struct

import routing
from tickets.application.desk.model import GapWarning, OnCallSchedule

LONGEST_LEAD = timedelta(days=28)
"""The longest before a gap that anybody is warned."""

AHEAD = timedelta(days=1)
"""How far ahead the next look is planned, if nothing asks for an earlier one."""


class Seen(Struct, frozen=True, kw_only=True):
    """What has been told: hand-offs until `told_until`, and last the gap that begins `gap_since`."""

    told_until: datetime
    gap_since: datetime | None = None


class HandOff(Struct, frozen=True, kw_only=True):
    """`agent` answers from `since` until just before `until`, `before` did until then; None: nobody."""

    schedule: str
    agent: str
    before: str | None
    since: datetime
    until: datetime | None


class Gap(Struct, frozen=True, kw_only=True):
    """Nobody answers from `since` until just before `until`; None: without end."""

    schedule: str
    since: datetime
    until: datetime | None


class Watched(Struct, frozen=True, kw_only=True):
    """What is owed now, what has been told with it, and when to look again though nothing is edited."""

    owed: tuple[HandOff | Gap, ...]
    seen: Seen
    look_again_at: datetime


def lead_of(warning: GapWarning) -> timedelta | None:
    """How long before a gap somebody hears of it; None when that is no time, or too long."""
    try:
        lead = routing.duration(warning.before)
    except ValueError:
        return None
    return lead if lead <= LONGEST_LEAD else None


def watch(schedule: OnCallSchedule, seen: Seen, now: datetime) -> Watched:
    """Look at a schedule at an instant of 1970 to 2200.

    Of hand-offs that passed unwatched only the last is told (law 10), and none to whoever answered before. A
    gap is told once, however it comes about: when it comes near, or when an edit makes one that is near.
    """
    owed: list[HandOff | Gap] = []
    soon = now + AHEAD
    shift = routing.who(schedule, now)
    if schedule.hand_off_notice:
        owed += _handed(schedule, shift, seen)
        soon = min(soon, shift.until or soon)
    told = seen.gap_since
    lead = None if schedule.gap_warning is None else lead_of(schedule.gap_warning)
    if lead is not None:
        gap = _first_gap(schedule, now, now + lead + AHEAD)
        if gap is not None and gap.since <= now + lead:
            owed += [] if gap.since == told else [gap]
            told = gap.since
            soon = min(soon, gap.until or soon)
        elif gap is not None:
            soon = min(soon, gap.since - lead)
    return Watched(owed=tuple(owed), seen=Seen(told_until=now, gap_since=told), look_again_at=soon)


def _handed(schedule: OnCallSchedule, shift: routing.OnCall, seen: Seen) -> list[HandOff | Gap]:
    if shift.agent is None or shift.since is None or shift.since <= seen.told_until:
        return []
    before = routing.who(schedule, shift.since - timedelta(microseconds=1)).agent
    if before == shift.agent:
        return []
    told = HandOff(
        schedule=schedule.key, agent=shift.agent, before=before, since=shift.since, until=shift.until
    )
    return [told]


def _first_gap(schedule: OnCallSchedule, start: datetime, end: datetime) -> Gap | None:
    """The first gap that meets `[start, end)`; one that was always there is said to begin in 1970."""
    for shift in routing.shifts(schedule, start, min(end, routing.LATEST - timedelta(microseconds=1))):
        if shift.agent is None:
            return Gap(schedule=schedule.key, since=shift.since or routing.EARLIEST, until=shift.until)
    return None
