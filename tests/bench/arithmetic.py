"""How fast the pure libraries decide: due instants, open time elapsed, and who takes a ticket."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median

import click

from routing import Agent, Availability, Region, Relaxation, Requirement, Roster, Rule, Waiting, route
from sla import BusinessCalendar

AGENTS = 1000
TICKETS = 2000

_DICE = random.Random(7)  # noqa: S311 - the same questions in every run, no secret
_NOON = [["08:00", "12:00"], ["13:00", "17:30"]]
_OFFICE = BusinessCalendar(
    timezone="Asia/Ho_Chi_Minh",
    hours={**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), _NOON), "sat": [["08:00", "12:00"]]},
    holidays=["2026-01-01", "2026-04-30", "2026-05-01", "2026-09-02"],
)
_START = datetime(2026, 1, 5, tzinfo=UTC)
_INSTANTS = [_START + timedelta(minutes=_DICE.randrange(300 * 24 * 60)) for _ in range(20_000)]
_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_REGIONS = tuple(
    Region(key, parent=parent) for key, parent in (("vn", None), ("north", "vn"), ("south", "vn"))
)


def measure(rounds: int) -> None:
    """Take turns, and print the medians."""
    works: dict[str, Callable[[], int]] = {
        "due in PT4H of office hours": lambda: _due("PT4H"),
        "due in P3D of office hours": lambda: _due("P3D"),
        "office hours elapsed in a week": _elapsed,
        f"routing among {AGENTS} agents": _routed,
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            started = time.perf_counter()
            count = work()
            if turn:  # the first warms up
                taken[name].append(count / (time.perf_counter() - started))
    click.echo(f"\nPure decisions on one core, medians of {rounds} turns")
    for name, rates in taken.items():
        click.echo(f"{name:<36}{median(rates):>10,.0f} a second")


def _due(budget: str) -> int:
    for instant in _INSTANTS:
        _OFFICE.due(instant, budget)
    return len(_INSTANTS)


def _elapsed() -> int:
    week = timedelta(days=7)
    for instant in _INSTANTS:
        _OFFICE.elapsed(instant, instant + week)
    return len(_INSTANTS)


def _routed() -> int:
    rules = (
        Rule(
            key="care",
            order=1,
            team="care",
            skills=(Requirement("phones", 2), Requirement("billing", 3, mandatory=False)),
            relaxation=(Relaxation(after="PT5M", widen_region=True),),
        ),
    )
    return len(route(_WAITING, Roster(_PEOPLE, _LIVE, _REGIONS), rules, _NOW))


_PEOPLE = [
    Agent(
        key=f"agent-{n:04}",
        teams=("care",) if n % 2 else ("care", "sales"),
        skills={"phones": _DICE.randint(1, 5), "billing": _DICE.randint(1, 5)},
        languages=_DICE.choice([("vi",), ("vi", "en")]),
        regions=_DICE.choice([("vn",), ("north",), ("south",)]),
        capacity=3,
    )
    for n in range(AGENTS)
]
_LIVE = {agent.key: Availability(presence="online", load=_DICE.randint(0, 2)) for agent in _PEOPLE}
_WAITING = [
    Waiting(
        id=str(n),
        facts={
            "region": frozenset((_DICE.choice(["north", "south"]), "vn")),
            "language": frozenset((_DICE.choice(["vi", "en"]),)),
        },
        priority=_DICE.choice(["low", "normal", "high", "urgent"]),
        waiting_since=_NOW - timedelta(minutes=_DICE.randrange(60)),
    )
    for n in range(TICKETS)
]
