"""Bursts of the size of a busy centre, the same in every run, and what they cost."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from routing import (
    Agent,
    Availability,
    Matcher,
    Region,
    Relaxation,
    Requirement,
    Roster,
    Rule,
    Waiting,
    route,
)
from routing.matching import cost

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
REGIONS = (Region("vn"), Region("north", parent="vn"), Region("south", parent="vn"))
SKILLS = ("phones", "billing", "repair", "network", "sales", "claims")
RULES = tuple(
    Rule(
        key=f"{first}-{second}",
        order=n,
        team="care",
        when={"form": [f"{first}-{second}"]},
        skills=(Requirement(first, 2), Requirement(second, 3, mandatory=False)),
        relaxation=(
            Relaxation(after="PT5M", drop_optional=True),
            Relaxation(after="PT15M", widen_region=True),
        ),
    )
    for n, (first, second) in enumerate((one, other) for one in SKILLS for other in SKILLS if one < other)
)


class Burst(NamedTuple):
    agents: Sequence[Agent]
    availability: dict[str, Availability]
    tickets: Sequence[Waiting]
    roster: Roster


class Spent(NamedTuple):
    placed: int
    cost: int


def burst(seed: int, *, tickets: int, agents: int, busy: float = 0.0) -> Burst:
    """Agents with some of the skills, tickets of 15 kinds, two regions and two languages."""
    dice = Random(seed)  # noqa: S311  # the same bursts in every run
    people = [
        Agent(
            key=f"agent-{n:06}",
            teams=("care",),
            skills={skill: dice.randint(1, 5) for skill in dice.sample(SKILLS, 4)},
            languages=dice.choice([("vi",), ("vi", "en")]),
            regions=dice.choice([("vn",), ("north",), ("south",)]),
            capacity=dice.randint(3, 8),
        )
        for n in range(agents)
    ]
    live = {
        agent.key: Availability(
            presence="online" if dice.random() > busy / 2 else "away",
            load=dice.randint(0, agent.capacity) if dice.random() < busy else 0,
            last_assigned_at=NOW - timedelta(seconds=dice.randint(1, 9999)),
        )
        for agent in people
    }
    waiting = [
        Waiting(
            id=str(n),
            facts={
                "form": frozenset([dice.choice(RULES).key]),
                "region": frozenset([dice.choice(["north", "south"]), "vn"]),
                "language": frozenset([dice.choice(["vi", "vi", "en"])]),
            },
            priority=dice.choice(["low", "normal", "high", "urgent"]),
            waiting_since=NOW - timedelta(minutes=dice.randrange(30)),
        )
        for n in range(tickets)
    ]
    return Burst(people, live, waiting, Roster(people, live, REGIONS))


def spent(world: Burst, matcher: Matcher) -> Spent:
    """How many a matcher places, and what that costs by `routing.matching.cost`."""
    by_key = {rule.key: rule for rule in RULES}
    by_agent = {agent.key: agent for agent in world.agents}
    costs = []
    for decision in route(world.tickets, world.roster, RULES, NOW, matcher=matcher, listed=0):
        if decision.agent:
            skills = by_agent[decision.agent].skills
            wishes = by_key[str(decision.rule)].skills
            levels = tuple((wish.skill, skills.get(wish.skill, 0)) for wish in wishes)
            costs.append(cost(levels, len(decision.relaxed)))
    return Spent(len(costs), sum(costs))
