"""Pull: an agent asks for work and gets the most urgent ticket they may take."""

from datetime import timedelta

from hypothesis import given, settings
from tests.routing.desk import AN, BINH, CHI, NOW, ONLINE, TICKET, WARRANTY, ago, facts, like, online
from tests.routing.naive import NaiveRouter
from tests.routing.test_laws import Live
from tests.routing.worlds import NOW as WORLD_NOW
from tests.routing.worlds import REGIONS, agent_lists, availabilities, rule_lists, ticket_lists

from routing import Agent, Availability, Roster, Rule, Waiting, pull
from routing.waiting import urgency

LATER = like(TICKET, id="later", breach_at=NOW + timedelta(hours=2))
SOONER = like(TICKET, id="sooner", breach_at=NOW + timedelta(hours=1))


def test_the_most_urgent_comes_first_though_a_stronger_agent_is_there() -> None:
    decision = pull("binh", [LATER, SOONER], online(AN, BINH), [WARRANTY], NOW)
    assert decision is not None
    assert (decision.ticket, decision.agent, decision.candidate_count) == ("sooner", "binh", 2)
    assert decision.reason == "binh asked for work, and may take nothing more urgent."


def test_what_the_agent_may_not_take_is_passed_over() -> None:
    south = like(SOONER, facts=facts(region="vn-south vn"))
    refused = like(SOONER, id="refused", excluded=frozenset(["north"]))
    north = like(AN, key="north", regions=("vn-north",))
    decision = pull("north", [south, refused, LATER], online(AN, north), [WARRANTY], NOW)
    assert decision is not None
    assert decision.ticket == "later"
    assert pull("chi", [SOONER, LATER], online(AN, CHI), [WARRANTY], NOW) is None


def test_nobody_pulls_who_is_not_there_has_no_room_or_is_unknown() -> None:
    for availability in (Availability(), like(ONLINE, load=2)):
        assert pull("an", [SOONER], online(AN, an=availability), [WARRANTY], NOW) is None
    assert pull("nobody", [SOONER], online(AN), [WARRANTY], NOW) is None
    assert pull("an", [], online(AN), [WARRANTY], NOW) is None


def test_an_agent_kept_for_a_heavy_ticket_pulls_no_light_one_before_it() -> None:
    heavy = like(TICKET, id="heavy", weight=2, waiting_since=ago(300))
    assert pull("an", [TICKET, heavy], online(AN, an=like(ONLINE, load=1)), [WARRANTY], NOW) is None
    decision = pull("an", [TICKET, heavy], online(AN), [WARRANTY], NOW)
    assert decision is not None
    assert decision.ticket == "heavy"


@settings(deadline=None)
@given(agent_lists, availabilities, rule_lists, ticket_lists)
def test_pull_gives_what_a_naive_scan_says_the_agent_may_take(
    agents: list[Agent], live: Live, rules: list[Rule], tickets: list[Waiting]
) -> None:
    roster = Roster(agents, live, REGIONS)
    for agent in agents:
        naive = NaiveRouter(agents, live, REGIONS, rules, WORLD_NOW)
        expected = None
        for ticket in sorted(tickets, key=urgency):
            possible, free = naive.could(ticket)
            if agent.key in {each.key for each in free}:
                expected = ticket.id
                break
            if not free and possible is not None:
                naive.reserve(ticket, possible)
        decision = pull(agent.key, tickets, roster, rules, WORLD_NOW)
        assert (decision and decision.ticket) == expected
