"""A burst larger than hypothesis would build: many agents alike, many tickets, every strategy."""

from datetime import timedelta
from random import Random

import pytest
from tests.routing.naive import NaiveRouter
from tests.routing.worlds import LINES, NOW, REGIONS

from routing import Agent, Availability, Relaxation, Requirement, Roster, Rule, Strategy, Waiting, route


@pytest.mark.parametrize("strategy", ["best_fit", "least_loaded", "round_robin", "longest_idle"])
def test_a_burst_is_decided_as_a_naive_scan_does(strategy: Strategy) -> None:
    dice = Random(7)  # noqa: S311  # a fixed burst, not a secret
    agents = [
        Agent(
            key=f"agent-{n:02}",
            teams=("care",),
            skills={"phones": dice.randint(1, 5)},
            regions=dice.choice(LINES)[:1],
            capacity=dice.randint(2, 5),
        )
        for n in range(60)
    ]
    live = {
        agent.key: Availability(presence="online", load=dice.randint(0, agent.capacity)) for agent in agents
    }
    rule = Rule(
        key="care",
        order=1,
        team="care",
        strategy=strategy,
        skills=(Requirement("phones", 3, mandatory=False),),
        relaxation=(
            Relaxation(after="PT10M", drop_optional=True),
            Relaxation(after="PT1H", widen_region=True),
        ),
    )
    tickets = [
        Waiting(
            id=str(n),
            facts={"region": frozenset(dice.choice(LINES[:4]))},
            priority=dice.choice(["low", "normal", "high", "urgent"]),
            waiting_since=NOW - timedelta(minutes=dice.randint(0, 90)),
            weight=dice.choice([1, 1, 2, 3]),
        )
        for n in range(150)
    ]
    decided = {
        d.ticket: (d.outcome, d.agent) for d in route(tickets, Roster(agents, live, REGIONS), [rule], NOW)
    }
    assert decided == NaiveRouter(agents, live, REGIONS, [rule], NOW).route(tickets)
    assert {outcome for outcome, _ in decided.values()} == {"assigned", "waiting"}
