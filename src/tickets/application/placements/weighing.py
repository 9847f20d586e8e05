"""What courses of tickets come to, beside one another: waits, broken promises, the load of agents."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Literal, TypeVar

from msgspec import Struct

import sla
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.placements.supposed import Course
from tickets.domain.words import PRIORITIES, Priority

Side = Literal["really", "before", "after"]
"""What happened; the simulation on the rules and roster there are; the simulation on the draft."""

T = TypeVar("T")


class Waits(Struct, frozen=True, kw_only=True):
    """How long tickets waited for their first agent (ISO 8601, nearest rank), by the end of the period.

    `unassigned` had none by then; their time so far, or until they were solved without one, is among the
    waits. Of those promised an assignment or a first response, so many came late or are overdue.
    """

    tickets: int
    unassigned: int
    p50: str
    p90: str
    p99: str
    longest: str
    assignment_promised: int
    assignment_late: int
    response_promised: int
    response_late: int


class WaitsRow(Struct, frozen=True, kw_only=True):
    """Tickets of one team and priority as opened; null where that side has none."""

    team: str | None
    priority: Priority
    really: Waits | None = None
    before: Waits | None = None
    after: Waits | None = None


class AgentLoad(Struct, frozen=True, kw_only=True):
    """An agent's share of the work: tickets held, most units at once, and `used`.

    `used` is the mean share of the capacity in use while the agent is there: in the shift, or always without
    one. It is null where no capacity is known or the agent was never there.
    """

    tickets: int
    used: float | None
    most: int


class AgentRow(Struct, frozen=True, kw_only=True):
    """One agent; null where that side knows no such agent."""

    agent: str
    really: AgentLoad | None = None
    before: AgentLoad | None = None
    after: AgentLoad | None = None


def waits_rows(sides: Mapping[Side, Sequence[Course]], end: datetime) -> tuple[WaitsRow, ...]:
    """Waits and promises by team and priority, as of the end of the period."""
    groups: defaultdict[tuple[str, int], dict[Side, list[Course]]] = defaultdict(dict)
    for side, courses in sides.items():
        for course in courses:
            key = course.team or "", PRIORITIES.index(course.stay.priority)
            groups[key].setdefault(side, []).append(course)
    return tuple(
        WaitsRow(
            team=team or None,
            priority=PRIORITIES[priority],
            **{side: _waits(found, end) for side, found in groups[team, priority].items()},
        )
        for team, priority in sorted(groups, key=lambda key: (key[0], -key[1]))
    )


def agent_rows(
    sides: Mapping[Side, tuple[Iterable[Course], CompiledDesk]], start: datetime, end: datetime
) -> tuple[AgentRow, ...]:
    """The load of every agent in [start, end). What really was is measured by the present capacity."""
    loads = {
        side: _loads(courses, desk, start, end, rostered=side != "really")
        for side, (courses, desk) in sides.items()
    }
    agents = sorted({agent for found in loads.values() for agent in found})
    return tuple(
        AgentRow(agent=agent, **{side: found[agent] for side, found in loads.items() if agent in found})
        for agent in agents
    )


def _waits(courses: Sequence[Course], end: datetime) -> Waits:
    waits = sorted(min(course.waited_until or end, end) - course.stay.opened_at for course in courses)
    assignment = [
        _late(course.stay.assignment_due, course.assigned_at, end)
        for course in courses
        if course.stay.assignment_due
    ]
    response = [
        _late(course.stay.response_due, course.replied_at, end)
        for course in courses
        if course.stay.response_due
    ]
    p50, p90, p99, longest = (
        sla.time_text(max(waits[ceil(len(waits) * percent / 100) - 1], timedelta(0)))
        for percent in (50, 90, 99, 100)
    )
    return Waits(
        tickets=len(courses),
        unassigned=sum(course.assigned_at is None or course.assigned_at > end for course in courses),
        p50=p50,
        p90=p90,
        p99=p99,
        longest=longest,
        assignment_promised=len(assignment),
        assignment_late=sum(assignment),
        response_promised=len(response),
        response_late=sum(response),
    )


def _late(due: datetime | None, done: datetime | None, end: datetime) -> bool:
    """Whether a promise was broken by the end: law 7, `at <= due_at` is in time."""
    return due is not None and due < min(done or end, end)


_Move = tuple[datetime, int]


def _loads(
    courses: Iterable[Course], desk: CompiledDesk, start: datetime, end: datetime, *, rostered: bool
) -> dict[str, AgentLoad]:
    moves: dict[str, list[_Move]] = {agent: [] for agent in desk.desk.agents} if rostered else {}
    tickets: defaultdict[str, int] = defaultdict(int)
    for course in courses:
        for each in course.held:
            since, until = max(each.since, start), min(each.until or end, end)
            if each.since < end and until >= since:
                tickets[each.agent] += 1
                units = course.stay.units
                moves.setdefault(each.agent, []).extend(((since, units), (until, -units)))
    return {
        agent: AgentLoad(
            tickets=tickets[agent],
            used=_used(agent, sorted(found), desk, start, end),
            most=_most(sorted(found)),
        )
        for agent, found in moves.items()
    }


def _most(moves: Sequence[_Move]) -> int:
    held = most = 0
    for _, units in moves:
        held += units
        most = max(most, held)
    return most


def _used(
    agent: str, moves: Sequence[_Move], desk: CompiledDesk, start: datetime, end: datetime
) -> float | None:
    found, calendar = desk.desk.agents.get(agent), desk.shifts.calendar(agent)

    def there(since: datetime, until: datetime) -> timedelta:
        return until - since if calendar is None else calendar.elapsed(since, until)

    whole = there(start, end)
    if found is None or not found.capacity or not whole:
        return None
    used = sum((there(start, at) * -units for at, units in moves), timedelta(0))
    return round(used / (whole * found.capacity), 4)
