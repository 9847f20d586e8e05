"""A desk in simulated time: as if routing were asked about everything whenever anything happens."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.routing.bursts import RULES, burst
from tests.routing.worlds import NOW, REGIONS, agent_lists, rule_lists, ticket_lists

from routing import Agent, Availability, Matcher, Roster, Rule, Waiting, route
from routing.simulation import Arrival, Simulation, Turn

DAYS = timedelta(days=5)
works = st.integers(0, 300).map(lambda n: timedelta(minutes=n))


@st.composite
def arrivals_of(draw: st.DrawFn) -> tuple[Arrival, ...]:
    tickets = draw(ticket_lists)
    stays = [(ticket, draw(works), draw(st.none() | works)) for ticket in tickets]
    return tuple(
        Arrival(ticket=ticket, work=work, leaves_at=None if left is None else ticket.waiting_since + left)
        for ticket, work, left in stays
    )


arrival_lists = arrivals_of()
shift_lists = st.dictionaries(
    st.sampled_from([f"agent-{n}" for n in range(9)]),
    st.integers(0, 2880).map(lambda n: [(NOW - timedelta(minutes=n), NOW - timedelta(minutes=n - 480))]),
    max_size=4,
)
slowly = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
Shifts = dict[str, list[tuple[datetime, datetime]]]


def plainly(  # noqa: C901 - in one piece, as plain as can be
    agents: Sequence[Agent],
    rules: Sequence[Rule],
    shifts: Shifts,
    arrivals: Sequence[Arrival],
    end: datetime,
    matcher: Matcher = "greedy",
) -> dict[str, Turn]:
    """The same, by asking `route` about all that waits at every instant at which anything could happen."""
    by_id = {arrival.ticket.id: arrival for arrival in arrivals}
    coming = {arrival.ticket.waiting_since for arrival in arrivals}
    coming |= {arrival.leaves_at for arrival in arrivals if arrival.leaves_at}
    coming |= {instant for periods in shifts.values() for period in periods for instant in period}
    held: dict[str, Turn] = {}
    idle: dict[str, datetime] = {}
    last: dict[str, datetime] = {}
    turns: dict[str, Turn] = {}
    known = {agent.key for agent in agents}
    while coming and (now := min(coming)) <= end:
        coming.discard(now)
        for key in [key for key, turn in held.items() if turn.until is not None and turn.until <= now]:
            agent = held.pop(key).agent
            if agent and not any(turn.agent == agent for turn in held.values()):
                idle[agent] = now
        for agent, periods in shifts.items():
            if any(start == now for start, _ in periods) and not any(t.agent == agent for t in held.values()):
                idle[agent] = now
        for key, arrival in by_id.items():
            left = arrival.leaves_at
            if left and key not in turns and max(left, arrival.ticket.waiting_since) <= now:
                turns[key] = Turn(ticket=key, until=now)
        waiting = [
            arrival.ticket
            for key, arrival in by_id.items()
            if key not in turns and arrival.ticket.waiting_since <= now
        ]
        live = {}
        for key in known:
            ends = [end for start, end in shifts.get(key, ()) if start <= now < end]
            busy = [by_id[t.ticket].ticket.weight for t in held.values() if t.agent == key]
            live[key] = Availability(
                presence="online" if key not in shifts or ends else "offline",
                load=sum(busy),
                last_assigned_at=last.get(key),
                idle_since=None if busy else idle.get(key),
                shift_ends_at=max(ends, default=None),
            )
        for decision in route(waiting, Roster(agents, live, REGIONS), rules, now, matcher=matcher):
            if decision.next_relaxation_at is not None:
                coming.add(decision.next_relaxation_at)
            if decision.agent is not None and decision.assigned_at is not None:
                until = now + by_id[decision.ticket].work
                turn = Turn(ticket=decision.ticket, agent=decision.agent, assigned_at=now, until=until)
                turns[decision.ticket] = held[decision.ticket] = turn
                last[decision.agent] = decision.assigned_at
                coming.add(until)
    return turns


def simulated(
    agents: Sequence[Agent],
    rules: Sequence[Rule],
    shifts: Shifts,
    arrivals: Sequence[Arrival],
    matcher: Matcher = "greedy",
    together: int = 200,
) -> dict[str, Turn]:
    simulation = Simulation(agents, rules, REGIONS, shifts, matcher=matcher, together=together)
    simulation.add(arrivals)
    return {turn.ticket: turn for turn in simulation.run(NOW + DAYS)}


@slowly
@given(agent_lists, rule_lists, shift_lists, arrival_lists)
def test_it_is_routing_asked_about_everything_at_every_instant(
    agents: list[Agent], rules: list[Rule], shifts: Shifts, arrivals: tuple[Arrival, ...]
) -> None:
    assert simulated(agents, rules, shifts, arrivals) == plainly(agents, rules, shifts, arrivals, NOW + DAYS)


@slowly
@given(agent_lists, rule_lists, shift_lists, arrival_lists)
def test_so_it_is_with_the_optimal_matcher(
    agents: list[Agent], rules: list[Rule], shifts: Shifts, arrivals: tuple[Arrival, ...]
) -> None:
    world = agents, rules, shifts, arrivals
    assert simulated(*world, "optimal") == plainly(*world, NOW + DAYS, "optimal")


@pytest.mark.parametrize("seed", range(8))
def test_a_burst_is_weighed_as_a_whole_as_the_service_does_it(seed: int) -> None:
    """Sixty tickets come in three rushes to eight agents, on odd seeds heavy ones among them."""
    world = burst(seed, tickets=60, agents=8)
    rushes = [
        Arrival(
            ticket=msgspec.structs.replace(
                ticket,
                waiting_since=NOW + n % 3 * timedelta(minutes=10),
                weight=1 + seed % 2 * (n % 4 == 0),
            ),
            work=timedelta(minutes=5 + n % 30),
        )
        for n, ticket in enumerate(world.tickets)
    ]
    shifts: Shifts = {}
    desk = world.agents, RULES, shifts, rushes
    greedy, optimal = simulated(*desk), simulated(*desk, "optimal")
    assert optimal == plainly(*desk, NOW + DAYS, "optimal")
    assert optimal != greedy
    assert simulated(*desk, "optimal", together=1) == greedy


def test_in_a_steady_flow_both_matchers_come_to_the_same() -> None:
    """Tickets come, and room comes free, one at a time: there is never anything to be weighed."""
    world = burst(1, tickets=400, agents=8)
    flow = [
        Arrival(
            ticket=msgspec.structs.replace(ticket, waiting_since=NOW + timedelta(seconds=71 * n)),
            work=timedelta(seconds=1207 + 13 * n % 4001),
        )
        for n, ticket in enumerate(world.tickets)
    ]
    greedy = simulated(world.agents, RULES, {}, flow)
    waited = [each for each in flow if greedy[each.ticket.id].assigned_at != each.ticket.waiting_since]
    assert len(waited) > len(flow) / 4
    assert simulated(world.agents, RULES, {}, flow, "optimal") == greedy


@slowly
@given(agent_lists, rule_lists, shift_lists, arrival_lists, st.integers(0, 3000))
def test_stopping_on_the_way_and_the_order_of_arrivals_change_nothing(
    agents: list[Agent], rules: list[Rule], shifts: Shifts, arrivals: tuple[Arrival, ...], minutes: int
) -> None:
    simulation = Simulation(agents, rules, REGIONS, shifts)
    stop = NOW - timedelta(minutes=minutes)
    simulation.add(each for each in reversed(arrivals) if each.ticket.waiting_since <= stop)
    first = list(simulation.run(stop))
    simulation.add(each for each in arrivals if each.ticket.waiting_since > stop)
    turns = {turn.ticket: turn for turn in [*first, *simulation.run(NOW + DAYS)]}
    assert turns == simulated(agents, rules, shifts, arrivals)


@slowly
@given(agent_lists, rule_lists, shift_lists, arrival_lists)
def test_nobody_holds_more_than_they_can_or_is_given_anything_while_away(
    agents: list[Agent], rules: list[Rule], shifts: Shifts, arrivals: tuple[Arrival, ...]
) -> None:
    weights = {arrival.ticket.id: arrival.ticket.weight for arrival in arrivals}
    changes: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for turn in simulated(agents, rules, shifts, arrivals).values():
        if turn.agent and turn.assigned_at and turn.until:
            changes[turn.agent] += [
                (turn.assigned_at, weights[turn.ticket]),
                (turn.until, -weights[turn.ticket]),
            ]
            on = shifts.get(turn.agent)
            assert on is None or any(start <= turn.assigned_at < end for start, end in on)
    for agent in agents:
        load = 0
        for _, units in sorted(changes[agent.key]):
            load += units
            assert load <= agent.capacity


def test_one_agent_serves_the_most_urgent_first_and_others_leave() -> None:
    lan = Agent(key="lan", teams=("care",), capacity=1)
    rule = Rule(key="care", order=1, team="care")

    def came(key: str, minute: int, **more: object) -> Arrival:
        ticket = Waiting(id=key, facts={}, priority="normal", waiting_since=NOW + timedelta(minutes=minute))
        arrival = Arrival(ticket=ticket, work=timedelta(minutes=30))
        return msgspec.structs.replace(arrival, **more)

    urgent = came("urgent", 10)
    urgent = msgspec.structs.replace(urgent, ticket=msgspec.structs.replace(urgent.ticket, priority="urgent"))
    arrivals = [
        came("first", 0),
        came("second", 5),
        urgent,
        came("gone", 6, leaves_at=NOW + timedelta(minutes=9)),
    ]
    turns = simulated([lan], [rule], {}, arrivals)
    assert {key: turn.agent and turn.assigned_at for key, turn in turns.items()} == {
        "first": NOW,
        "gone": None,
        "urgent": NOW + timedelta(minutes=30),
        "second": NOW + timedelta(minutes=60),
    }
