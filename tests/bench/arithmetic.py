"""How fast it is decided who takes a ticket."""

import random
import time
from datetime import UTC, datetime, timedelta
from statistics import median

import click

from routing import Agent, Availability, Region, Relaxation, Requirement, Roster, Rule, Waiting, route

AGENTS = 1000
TICKETS = 2000

_DICE = random.Random(7)  # noqa: S311 - the same questions in every run, no secret
_NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
_REGIONS = tuple(
    Region(key, parent=parent) for key, parent in (("vn", None), ("north", "vn"), ("south", "vn"))
)


def measure(rounds: int) -> None:
    """Route again and again, and print the median rate."""
    rates = []
    for turn in range(rounds + 1):
        started = time.perf_counter()
        count = _routed()
        if turn:  # the first warms up
            rates.append(count / (time.perf_counter() - started))
    click.echo(f"\nPure decisions on one core, medians of {rounds} turns")
    click.echo(f"routing among {AGENTS} agents{median(rates):>14,.0f} a second")


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
