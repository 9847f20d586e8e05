"""A simulated week of Poisson arrivals: who waits how long, with too much work and with enough."""

from bisect import insort
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple

import pytest

from routing import (
    PATIENCE,
    Agent,
    Availability,
    Priority,
    Relaxation,
    Requirement,
    Roster,
    Rule,
    Waiting,
    route,
)
from routing.waiting import urgency

START = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = timedelta(days=7)
HANDLING = timedelta(minutes=15)
SHARES: dict[Priority, float] = {"urgent": 0.1, "high": 0.2, "normal": 0.4, "low": 0.3}
TEN_MINUTES, LAST_STEP = timedelta(minutes=10), timedelta(hours=4)
RULES = [
    Rule(
        key=skill,
        order=1,
        team="care",
        when={"line": [skill]},
        skills=(Requirement(skill, 3, mandatory=False),),
        strategy="longest_idle",
        relaxation=(Relaxation(after="PT10M", drop_optional=True), Relaxation(after="PT4H", team="others")),
    )
    for skill in ("phones", "repair")
]
SKILLS = (("phones",), ("phones",), ("phones", "repair"), ("repair",), ("repair",), ("repair", "phones"))
AGENTS = [
    Agent(key=f"agent-{n}", teams=("care",), skills=dict.fromkeys(skills, 4))
    for n, skills in enumerate(SKILLS)
]
BATCH = 30
"""The most urgent that are asked about at a time, as a router claims them."""


class Week(NamedTuple):
    came: int
    longest: dict[Priority, timedelta]
    most_work: timedelta  # that ever waited, as one agent's time
    longest_handling: timedelta


def week(load: float, seed: int) -> Week:
    """Tickets come for a week, then what is left is worked off."""
    dice = Random(seed)  # noqa: S311  # the same weeks in every run
    roster = Roster(AGENTS, {agent.key: Availability(presence="online") for agent in AGENTS})
    idle = {agent.key for agent in AGENTS}
    queue: list[Waiting] = []
    takes: dict[str, timedelta] = {}
    longest: dict[Priority, timedelta] = dict.fromkeys(SHARES, timedelta(0))
    work = most_work = timedelta(0)
    ahead = _arrivals(load, dice)
    while ahead:
        now, what = heappop(ahead)
        if what.startswith("agent"):
            idle.add(what)
            roster.move(what, Availability(presence="online", idle_since=now))
        elif what:
            ticket = _ticket(what, now, dice)
            insort(queue, ticket, key=urgency)
            takes[what] = HANDLING * dice.expovariate(1)
            work += takes[what]
            most_work = max(work, most_work)
            heappush(ahead, (now + TEN_MINUTES, ""))
        for decision in route(queue[:BATCH], roster, RULES, now, listed=0) if idle else ():
            if decision.agent:
                ticket = next(ticket for ticket in queue if ticket.id == decision.ticket)
                queue.remove(ticket)
                longest[ticket.priority] = max(longest[ticket.priority], now - ticket.waiting_since)
                idle.discard(decision.agent)
                roster.move(decision.agent, Availability(presence="online", load=1, last_assigned_at=now))
                work -= takes[ticket.id]
                heappush(ahead, (now + takes[ticket.id], decision.agent))
    return Week(len(takes), longest, most_work, max(takes.values()))


def _arrivals(load: float, dice: Random) -> list[tuple[datetime, str]]:
    found: list[tuple[datetime, str]] = []
    now = START
    while (now := now + HANDLING / len(AGENTS) / load * dice.expovariate(1)) < START + WEEK:
        found.append((now, str(len(found))))
    return found


def _ticket(key: str, now: datetime, dice: Random) -> Waiting:
    (priority,) = dice.choices(list(SHARES), list(SHARES.values()))
    line = frozenset([dice.choice(["phones", "repair"])])
    return Waiting(id=key, facts={"line": line}, priority=priority, waiting_since=now)


def test_with_a_tenth_too_much_work_all_week_every_wait_is_bounded() -> None:
    """Once a ticket is wanted, only those wanted before it come first, and they all wait by then already.

    So nobody waits longer than their patience, plus the team's time for all that ever waited at once, plus
    the end of what is under way.
    """
    found = week(1.1, seed=2)
    assert found.came > 4000
    arrears = found.most_work / len(AGENTS) + found.longest_handling
    for priority, waited in found.longest.items():
        print(f"{priority}: longest {waited}, bound {PATIENCE[priority] + arrears}")  # noqa: T201
        assert waited <= PATIENCE[priority] + arrears
    assert found.longest["urgent"] < found.longest["low"]


@pytest.mark.parametrize("seed", [1, 2])
def test_with_enough_people_nobody_waits_beyond_the_last_step(seed: int) -> None:
    found = week(0.8, seed)
    print({priority: str(waited) for priority, waited in found.longest.items()})  # noqa: T201
    assert max(found.longest.values()) <= LAST_STEP
