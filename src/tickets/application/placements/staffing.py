"""How many agents each hour of the week needs, by what came and how long it kept agents busy."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

import sla
from routing.staffing import Promise, loads, servers_needed
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Agent
from tickets.application.placements.scheduled import HOURS, Scheduled
from tickets.domain.words import Instant

Side = Literal["skill", "region"]


class Came(Struct, frozen=True):
    """Tickets alike that were opened in one hour of the week (0: Monday, from 00:00).

    `units` is their weight together; of the `handled` ones an agent has finished, `seconds` in all.
    """

    team: str | None
    rule: str | None
    region: str | None
    hour: int
    arrivals: int
    units: int
    handled: int
    seconds: float


class Wanted(Struct, frozen=True, kw_only=True):
    """What is reported: dates [first, last) of `zone`, the service level, one team and channel or all."""

    first: date
    last: date
    zone: ZoneInfo
    share: float
    within: timedelta
    patience: timedelta | None = None
    by: frozenset[Side] = frozenset()
    team: str | None = None
    channel: str | None = None


class StaffingRow(Struct, frozen=True, kw_only=True):
    """One hour of the week of one team, or of its tickets that insist on a skill or come from a region.

    `weekday` is 1 for Monday; `arrivals` is the mean of such hours in the period; `handling` (ISO 8601) is
    how long an agent held a ticket opened in this hour, in the mean, null when none of them is finished.
    `load` is the tickets at work at once, had each an agent at once. `slots` must be held at once to keep the
    promise, for which `needed` agents are needed. `rostered` could take such tickets by team, skill and
    region; `scheduled` of them are in their shift then, in the mean of such hours. `gap` is what is needed
    beyond those, negative where there are more. Null where nothing is known of the handling time.
    """

    team: str | None
    skill: str | None
    level: int | None
    region: str | None
    weekday: int
    hour: int
    arrivals: float
    handling: str | None
    load: float | None
    slots: int | None
    needed: int | None
    rostered: int
    scheduled: float
    gap: float | None


class StaffingReport(Struct, frozen=True, kw_only=True):
    """What each hour of the week needs, by tickets opened in [start, end). Hours without work have no row."""

    start: date
    end: date
    zone: str
    as_of: Instant
    model: Literal["erlang_a", "erlang_c"]
    share: float
    within: str
    patience: str | None
    rows: tuple[StaffingRow, ...]


class _Group(NamedTuple):
    team: str
    skill: str
    level: int
    region: str


def staffing(came: Iterable[Came], desk: CompiledDesk, wanted: Wanted, now: datetime) -> StaffingReport:
    """The report over what came, on the roster of the desk."""
    groups: dict[_Group, list[Came]] = {}
    for each in came:
        for group in _groups(each, desk, wanted.by):
            groups.setdefault(group, []).append(each)
    days = _days(wanted.first, wanted.last)
    promise = Promise(share=wanted.share, within=wanted.within, patience=wanted.patience)
    scheduled = Scheduled(desk, wanted.first, wanted.last, wanted.zone)
    return StaffingReport(
        start=wanted.first,
        end=wanted.last,
        zone=wanted.zone.key,
        as_of=now,
        model="erlang_c" if promise.patience is None else "erlang_a",
        share=promise.share,
        within=sla.time_text(promise.within),
        patience=None if promise.patience is None else sla.time_text(promise.patience),
        rows=tuple(
            row
            for group in sorted(groups)
            for row in _rows(groups[group], _able(group, desk), group, scheduled, days, promise)
        ),
    )


def _days(first: date, last: date) -> Mapping[int, int]:
    """How many of each weekday (0: Monday) there are in [first, last)."""
    return Counter((first + timedelta(days=n)).weekday() for n in range((last - first).days))


def _groups(came: Came, desk: CompiledDesk, by: frozenset[Side]) -> Iterator[_Group]:
    """Where it counts: in its team, and on request in each skill its rule insists on and in its region."""
    team = came.team or ""
    yield _Group(team, "", 0, "")
    rule = desk.desk.routing_rules.get(came.rule or "")
    if "skill" in by and rule is not None:
        for wish in rule.skills:
            if wish.mandatory:
                yield _Group(team, wish.skill, wish.level, "")
    if "region" in by and came.region is not None:
        yield _Group(team, "", 0, came.region)


def _rows(
    came: Sequence[Came],
    able: Sequence[Agent],
    group: _Group,
    scheduled: Scheduled,
    days: Mapping[int, int],
    promise: Promise,
) -> Iterator[StaffingRow]:
    """The group's hours in which anything came or is at work."""
    arrivals, handled, seconds = [0.0] * HOURS, [0] * HOURS, [0.0] * HOURS
    for each in came:
        arrivals[each.hour] += each.arrivals / days[each.hour // 24]
        handled[each.hour] += each.handled
        seconds[each.hour] += each.seconds
    known = sum(handled)
    handling = timedelta(seconds=sum(seconds) / known) if known else None
    load = loads(arrivals, handling) if handling else None
    there = scheduled.of(able)
    weight = sum(each.units for each in came) / sum(each.arrivals for each in came)
    each_holds = sum(agent.capacity for agent in able) / len(able) / weight if able else 1.0
    for hour in range(HOURS):
        if not arrivals[hour] and (load is None or round(load[hour], 3) == 0):
            continue
        slots = servers_needed(load[hour], handling, promise) if load is not None and handling else None
        needed = None if slots is None else ceil(slots / each_holds)
        mean = timedelta(seconds=round(seconds[hour] / handled[hour])) if handled[hour] else None
        yield StaffingRow(
            team=group.team or None,
            skill=group.skill or None,
            level=group.level or None,
            region=group.region or None,
            weekday=hour // 24 + 1,
            hour=hour % 24,
            arrivals=round(arrivals[hour], 3),
            handling=None if mean is None else sla.time_text(mean),
            load=None if load is None else round(load[hour], 3),
            slots=slots,
            needed=needed,
            rostered=len(able),
            scheduled=round(there[hour], 2),
            gap=None if needed is None else round(needed - there[hour], 2),
        )


def _able(group: _Group, desk: CompiledDesk) -> list[Agent]:
    """The agents who could take such tickets without anything being given up."""
    line = set(desk.region_line(group.region)) if group.region else set[str]()
    return [
        agent
        for agent in desk.members.get(group.team, ())
        if agent.capacity
        and (not group.skill or agent.skills.get(group.skill, 0) >= group.level)
        and (not line or not agent.regions or not line.isdisjoint(agent.regions))
    ]
