"""The optimal matcher: the same constraints as greedy, and nothing costs less."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.bursts import burst, spent
from tests.routing.desk import AN, BINH, NOW, ONLINE, TICKET, WARRANTY, like, one, online, refused
from tests.routing.test_laws import Live
from tests.routing.worlds import NOW as WORLD_NOW
from tests.routing.worlds import REGIONS, agent_lists, availabilities, rule_lists, ticket_lists

from routing import Agent, Requirement, Roster, Rule, Waiting, route
from routing.assignment import Assignment, Row

NOWHERE = 10**6
worlds = given(agent_lists, availabilities, rule_lists, ticket_lists)
rows = st.lists(st.dictionaries(st.integers(0, 3), st.integers(0, 9), max_size=4), max_size=5)


def assigned(costs: Sequence[Row], room: dict[int, int]) -> Assignment:
    done = Assignment(costs, room)
    for row in range(len(costs)):
        done.add(str(row), row)
    return done


def total(costs: Sequence[Row], done: Assignment) -> int:
    return sum(costs[int(row)][column] for row, column in done.column_of().items())


@settings(max_examples=200, deadline=None)
@given(rows, st.lists(st.integers(0, 2), min_size=4, max_size=4))
def test_the_first_come_first_then_as_many_as_can_then_nothing_costs_less(
    costs: list[dict[int, int]], rooms: list[int]
) -> None:
    best: tuple[tuple[bool, ...], int] = ((), 0)
    for columns in product(*([None, *row] for row in costs)):
        if all(Counter(columns)[column] <= room for column, room in enumerate(rooms)):
            served = tuple(column is not None for column in columns)
            cost = sum(row[column] for row, column in zip(costs, columns, strict=True) if column is not None)
            best = max(best, (served, -cost))
    done = assigned(costs, dict(enumerate(rooms)))
    placed = done.column_of()
    assert (tuple(str(row) in placed for row in range(len(costs))), -total(costs, done)) == best


@pytest.mark.parametrize("seed", range(4))
def test_prices_prove_by_duality_that_nothing_costs_less(seed: int) -> None:
    costs, room, done = _large(seed)
    placed = done.column_of()
    holding = Counter(placed.values())
    for column, units in room.items():
        assert holding[column] <= units
        assert done.price[column] == 0 or (done.price[column] < 0 and holding[column] == units)
    for row, column in placed.items():
        reduced = {other: cost - done.price[other] for other, cost in costs[int(row)].items()}
        assert reduced[column] == min(reduced.values())


@pytest.mark.parametrize("seed", range(4))
def test_it_costs_what_scipy_says(seed: int) -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="scipy is not installed")
    costs, room, done = _large(seed)
    columns = [column for column, units in room.items() for _ in range(units)]
    placed = sorted(map(int, done.column_of()))
    for asked in (range(len(costs)), placed):
        matrix = [[costs[row].get(column, NOWHERE) for column in columns] for row in asked]
        found = [matrix[row][at] for row, at in zip(*optimize.linear_sum_assignment(matrix), strict=True)]
        assert sum(cost < NOWHERE for cost in found) == len(placed)
    assert sum(found) == total(costs, done)


def _large(seed: int) -> tuple[list[dict[int, int]], dict[int, int], Assignment]:
    """1,000 rows, 200 columns; on odd seeds less room than rows."""
    dice = Random(seed)  # noqa: S311  # the same instances in every run
    costs = [{column: dice.randint(0, 40) for column in dice.sample(range(200), 30)} for _ in range(1000)]
    room = {column: dice.randint(1, 8 if seed % 2 else 12) for column in range(200)}
    return costs, room, assigned(costs, room)


@pytest.mark.parametrize(("tickets", "agents"), [(100, 30), (300, 60), (600, 120), (1000, 200)])
def test_greedy_costs_at_most_15_percent_more_for_a_ticket_and_places_nearly_as_many(
    tickets: int, agents: int
) -> None:
    """There is room for all, five and a half tickets an agent, but not for each kind everywhere."""
    world = burst(tickets, tickets=tickets, agents=agents)
    greedy, optimal = spent(world, "greedy"), spent(world, "optimal")
    assert optimal.placed >= greedy.placed >= 0.9 * optimal.placed
    assert greedy.cost / greedy.placed <= 1.15 * optimal.cost / optimal.placed


@settings(deadline=None)
@worlds
def test_nobody_is_given_more_than_their_capacity_nor_what_they_may_not_take(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    """Each decision is one that greedy could have taken: its agent is among its candidates, with room."""
    by_key = {agent.key: agent for agent in agents}
    weights = {ticket.id: ticket.weight for ticket in tickets}
    load = Counter({agent.key: live[agent.key].load for agent in agents if agent.key in live})
    roster = Roster(agents, live, REGIONS)
    for decision in route(tickets, roster, rules, WORLD_NOW, matcher="optimal", listed=None):
        named = [candidate.agent for candidate in decision.candidates]
        assert decision.candidate_count == len(named)
        if decision.agent:
            assert decision.agent in named
            load[decision.agent] += weights[decision.ticket]
            assert load[decision.agent] <= by_key[decision.agent].capacity
            assert live[decision.agent].presence == "online"
        named += [agent for group in decision.rejected for agent in group.agents]
        if decision.rule or decision.rejected:
            assert sorted(named) == sorted(by_key)


@settings(deadline=None)
@worlds
def test_a_ticket_alone_and_an_impossible_one_are_decided_as_greedy_does(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    roster = Roster(agents, live, REGIONS)
    for ticket in tickets:
        greedy = route([ticket], roster, rules, WORLD_NOW)
        assert route([ticket], roster, rules, WORLD_NOW, matcher="optimal") == greedy


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting], random: Random
) -> None:
    before = route(tickets, Roster(agents, live, REGIONS), rules, WORLD_NOW, matcher="optimal")
    for lists in (agents, rules, tickets):
        random.shuffle(lists)
    assert route(tickets, Roster(agents, live, REGIONS), rules, WORLD_NOW, matcher="optimal") == before


def test_an_urgent_ticket_leaves_the_only_agent_who_can_to_the_next_one() -> None:
    """Greedy gives the urgent one to the stronger agent, whom the other needs."""
    hard = like(WARRANTY, key="hard", order=0, when={"form": ["hard"]}, skills=(Requirement("warranty", 4),))
    roster = online(like(AN, capacity=1), like(BINH, capacity=1))
    tickets = [
        like(TICKET, id="easy", breach_at=NOW),
        like(TICKET, id="hard", facts={"form": frozenset(["hard"])}),
    ]
    greedy = route(tickets, roster, [hard, WARRANTY], NOW)
    assert [(d.agent, d.outcome) for d in greedy] == [("an", "assigned"), (None, "waiting")]
    optimal = route(tickets, roster, [hard, WARRANTY], NOW, matcher="optimal")
    assert [(d.agent, d.matcher) for d in optimal] == [("binh", "optimal"), ("an", "optimal")]
    assert [d.matcher for d in greedy] == ["greedy", None]
    assert optimal[0].reason == (
        "binh is one of 2 candidates, chosen so that all who wait come off best (optimal)."
    )


def test_who_competes_with_nobody_goes_to_whoever_the_rule_puts_first() -> None:
    """`an` comes first for the strategy, `binh` costs less; the heavy tickets are asked, but fit nowhere."""
    rule = like(WARRANTY, skills=(Requirement("warranty", 2), Requirement("sales", 1)))
    an = like(AN, skills={"warranty": 5, "sales": 1}, capacity=2)
    roster = online(an, like(BINH, skills={"warranty": 4, "sales": 4}, capacity=2))
    heavy = [like(TICKET, id=f"heavy-{n}", weight=3) for n in range(2)]
    alone = route([*heavy, like(TICKET, id="x")], roster, [rule], NOW, matcher="optimal")[-1]
    assert (alone.agent, alone.matcher) == ("an", "greedy")
    two = route([like(TICKET, id="x"), like(TICKET, id="y")], roster, [rule], NOW, matcher="optimal")
    assert {decision.agent for decision in two} == {"binh"}


def test_turns_are_taken_among_those_who_cost_the_same() -> None:
    team = [like(BINH, key=key, capacity=9) for key in ("a", "b", "c")]
    rule = like(WARRANTY, strategy="round_robin")
    tickets = [like(TICKET, id=str(n)) for n in range(6)]
    given_to = Counter(d.agent for d in route(tickets, online(*team), [rule], NOW, matcher="optimal"))
    assert given_to == {"a": 2, "b": 2, "c": 2}


def test_a_heavy_ticket_reserves_an_agent_here_too() -> None:
    heavy = like(TICKET, id="heavy", weight=2, waiting_since=NOW - timedelta(hours=5))
    roster = online(AN, an=like(ONLINE, load=1))
    decisions = route(
        [like(TICKET, id="light"), heavy], roster, [WARRANTY], NOW, matcher="optimal", listed=None
    )
    assert [refused(decision) for decision in decisions] == [{"an": "full"}, {"an": "reserved"}]
    assert one(TICKET, roster).agent == "an"
