"""Laws 11 to 13 as properties: over any agents, rules and tickets."""

from collections import Counter
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.routing.desk import like
from tests.routing.naive import NaiveRouter
from tests.routing.worlds import NOW, REGIONS, agent_lists, availabilities, rule_lists, ticket_lists

from routing import PATIENCE, Agent, Availability, Roster, Rule, Waiting, route
from routing.waiting import urgency

Live = dict[str, Availability]


@settings(max_examples=400, deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_the_indexed_router_decides_as_a_naive_scan_does(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    decisions = route(tickets, Roster(agents, live, REGIONS), rules, NOW)
    expected = NaiveRouter(agents, live, REGIONS, rules, NOW).route(tickets)
    assert {d.ticket: (d.outcome, d.agent) for d in decisions} == expected


@settings(max_examples=200, deadline=None)
@given(agent_lists, st.lists(availabilities, min_size=2, max_size=4), rule_lists, ticket_lists)
def test_a_roster_told_of_every_change_answers_as_one_made_anew(
    agents: list[Agent], instants: list[Live], rules: list[Rule], tickets: list[Waiting]
) -> None:
    kept = Roster(agents, {}, REGIONS)
    for hours, live in enumerate(instants):
        now = NOW + timedelta(hours=hours)
        route(tickets, kept, rules, now)  # so that it has something to keep up to date
        for agent in [agent.key for agent in agents] + ["gone"]:
            kept.move(agent, live.get(agent, Availability()))
        assert route(tickets, kept, rules, now) == route(tickets, Roster(agents, live, REGIONS), rules, now)


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_a_pass_leaves_the_roster_as_it_was(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    roster = Roster(agents, live, REGIONS)
    assert route(tickets, roster, rules, NOW) == route(tickets, roster, rules, NOW)


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_nobody_is_given_more_than_their_capacity(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    weights = {ticket.id: ticket.weight for ticket in tickets}
    given_out: Counter[str] = Counter()
    for decision in route(tickets, Roster(agents, live, REGIONS), rules, NOW):
        if decision.agent:
            given_out[decision.agent] += weights[decision.ticket]
    for agent in agents:
        if given_out[agent.key]:
            assert live[agent.key].load + given_out[agent.key] <= agent.capacity


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_only_people_who_are_there_and_know_how_are_given_anything(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    by_key = {agent.key: agent for agent in agents}
    wanted = {rule.key: [wish for wish in rule.skills if wish.mandatory] for rule in rules}
    excluded = {ticket.id: ticket.excluded for ticket in tickets}
    for decision in route(tickets, Roster(agents, live, REGIONS), rules, NOW):
        if decision.agent is None:
            continue
        assert live[decision.agent].presence == "online"
        assert decision.agent not in excluded[decision.ticket]
        assert decision.team in by_key[decision.agent].teams
        for wish in wanted.get(decision.rule or "", ()):
            assert by_key[decision.agent].skills[wish.skill] >= wish.level


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists, st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting], random: Random
) -> None:
    before = route(tickets, Roster(agents, live, REGIONS), rules, NOW)
    for lists in (agents, rules, tickets):
        random.shuffle(lists)
    assert route(tickets, Roster(agents, live, REGIONS), rules, NOW) == before


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_every_agent_is_a_candidate_or_rejected_for_one_reason(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    for decision in route(tickets, Roster(agents, live, REGIONS), rules, NOW, listed=None):
        named = [candidate.agent for candidate in decision.candidates]
        named += [agent for group in decision.rejected for agent in group.agents]
        if decision.rule or decision.rejected:
            assert sorted(named) == sorted(agent.key for agent in agents)
        assert decision.candidate_count == len(decision.candidates)
        assert all(group.count == len(group.agents) for group in decision.rejected)
        assert decision.agent == (named[0] if decision.outcome == "assigned" else None)


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_a_short_explanation_is_the_same_decision(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    roster = Roster(agents, live, REGIONS)
    full, short = (route(tickets, roster, rules, NOW, listed=listed) for listed in (None, 0))
    for whole, brief in zip(full, short, strict=True):
        assert (whole.ticket, whole.outcome, whole.agent) == (brief.ticket, brief.outcome, brief.agent)
        assert [(g.reason, g.count) for g in whole.rejected] == [(g.reason, g.count) for g in brief.rejected]


@given(ticket_lists, st.integers(1, 100_000))
def test_waiting_raises_urgency_and_nobody_is_overtaken_by_who_came_after_their_patience(
    tickets: list[Waiting], minutes: int
) -> None:
    for ticket in tickets:
        earlier = like(ticket, id="earlier", waiting_since=ticket.waiting_since - timedelta(minutes=minutes))
        assert urgency(earlier) < urgency(like(ticket, id="later"))
        end = ticket.waiting_since + PATIENCE[ticket.priority]
        late = like(ticket, id="0", priority="urgent", breach_at=None, waiting_since=end)
        assert urgency(ticket) < urgency(late)
