"""What bit other routers, each in one test. Those that need a database are told where the database is."""

import subprocess
import sys
from datetime import timedelta

import pytest
from tests.routing.desk import AN, BINH, NOW, ONLINE, TICKET, WARRANTY, ago, like, one, online, refused

from routing import Availability, Offering, Offers, Presence, Requirement, Roster, route
from routing.offers import advance, declined, withdrawn


def test_two_tickets_do_not_share_the_last_slot_of_capacity() -> None:
    roster = online(like(AN, capacity=1))
    decisions = route([like(TICKET, id="a"), like(TICKET, id="b")], roster, [WARRANTY], NOW)
    assert [d.outcome for d in decisions] == ["assigned", "waiting"]
    assert decisions[1].reason == "Nobody can take it now: 1 full."


@pytest.mark.parametrize("presence", ["away", "offline", "on_leave"])
def test_nobody_unavailable_is_assigned_as_a_last_resort(presence: Presence) -> None:
    gone = online(AN, an=Availability(presence=presence))
    decision = one(like(TICKET, priority="urgent", waiting_since=ago(9999), sticky="an"), gone)
    assert (decision.outcome, refused(decision)) == ("waiting", {"an": presence})


def test_the_backlog_drains_when_an_agent_comes_capacity_frees_or_a_skill_is_added() -> None:
    full = like(ONLINE, load=2)
    hard = like(WARRANTY, skills=(Requirement("warranty", 4),))
    for before, after in (
        (online(AN, an=Availability()), online(AN)),
        (online(AN, an=full), online(AN, an=like(full, load=1))),
        (online(AN, BINH, an=full), online(AN, like(BINH, skills={"warranty": 4}), an=full)),
    ):
        assert one(TICKET, before, hard).outcome == "waiting"
        assert one(TICKET, after, hard).outcome == "assigned"


def test_the_roster_need_not_be_made_anew_for_the_backlog_to_drain() -> None:
    roster = online(AN, an=Availability())
    assert one(TICKET, roster).outcome == "waiting"
    roster.move("an", ONLINE)
    assert one(TICKET, roster).agent == "an"


def test_old_tickets_do_not_starve_under_a_stream_of_urgent_ones() -> None:
    """One agent, one slot, an urgent ticket every ten minutes: the low one goes first once it is due."""
    low = like(TICKET, id="low", priority="low")
    for waited in range(0, 48 * 60, 10):
        now = NOW + timedelta(minutes=waited)
        urgent = like(TICKET, id="urgent", priority="urgent", waiting_since=now)
        chosen = route([low, urgent], online(like(AN, capacity=1)), [WARRANTY], now)[0]
        if chosen.ticket == "low":
            break
    assert timedelta(hours=23) < timedelta(minutes=waited) <= timedelta(hours=24)


def test_a_heavy_ticket_does_not_starve_under_a_stream_of_light_ones() -> None:
    half_busy = online(AN, an=like(ONLINE, load=1))
    heavy = like(TICKET, id="heavy", weight=2, waiting_since=ago(300))
    light = like(TICKET, id="light")
    decisions = {d.ticket: d for d in route([light, heavy], half_busy, [WARRANTY], NOW, listed=None)}
    assert refused(decisions["heavy"]) == {"an": "full"}
    assert refused(decisions["light"]) == {"an": "reserved"}
    assert route([light, heavy], online(AN), [WARRANTY], NOW)[0].agent == "an"


def test_fairness_lives_in_what_is_stored_not_in_the_process() -> None:
    team = [like(BINH, key=key) for key in ("a", "b")]
    rule = like(WARRANTY, strategy="round_robin")
    for last, expected in ((("a", "b"), "a"), (("b", "a"), "b")):
        live = {key: like(ONLINE, last_assigned_at=ago(9 - n)) for n, key in enumerate(last)}
        assert one(TICKET, Roster(team, live), rule).agent == expected


def test_a_ticket_is_not_offered_again_to_who_just_refused_it() -> None:
    decision = one(like(TICKET, excluded=frozenset(["an"])), online(AN, BINH))
    assert (decision.agent, refused(decision)) == ("binh", {"an": "excluded"})


def test_when_everybody_has_refused_it_is_reported_not_offered_round_again() -> None:
    decision = one(like(TICKET, excluded=frozenset(["an", "binh"])), online(AN, BINH))
    assert decision.outcome == "unroutable"
    assert decision.reason == "Nobody will ever take it: every agent who could take it is excluded."


def test_a_ticket_everybody_refuses_is_capped_and_escalates() -> None:
    offers, offering, steps = Offers(), Offering(rounds=2), list[str]()
    while not offers.escalated_at:
        decision = one(like(TICKET, excluded=offers.refused), online(AN, BINH))
        step, offers = advance(offers, decision, offering, NOW)
        steps.append(step)
        offers = declined(offers, offers.open.agent) if offers.open else offers
    assert steps == ["offer", "offer", "ask_again", "offer", "offer", "escalate"]


def test_an_agent_who_goes_on_leave_holding_tickets_and_an_offer_gets_neither_more_nor_blame() -> None:
    roster = online(AN, BINH)
    _, offers = advance(Offers(), one(TICKET, roster), Offering(), NOW)
    roster.move("an", Availability(presence="on_leave", load=2))
    assert withdrawn(offers).refused == frozenset()
    assert refused(one(TICKET, roster)) == {"an": "on_leave"}


def test_a_requirement_nobody_can_meet_is_reported_at_once() -> None:
    impossible = like(WARRANTY, skills=(Requirement("warranty", 5),))
    decision = one(TICKET, online(AN, BINH), impossible)
    assert decision.outcome == "unroutable"
    assert decision.reason == (
        "Nobody will ever take it: no agent on the roster has all of team care, skill warranty ≥ 5."
    )
    assert refused(decision) == {"an": "lacks_skill", "binh": "lacks_skill"}
    assert one(like(TICKET, weight=3), online(AN, BINH)).outcome == "unroutable"
    assert one(TICKET, online()).outcome == "unroutable"


def test_an_agent_who_is_off_but_could_take_it_is_no_reason_to_call_it_unroutable() -> None:
    assert one(TICKET, online(AN, an=Availability(presence="on_leave", load=9))).outcome == "waiting"


def test_an_agent_deleted_while_holding_tickets_is_ignored() -> None:
    roster = online(AN, gone=like(ONLINE, load=2))
    decision = one(like(TICKET, excluded=frozenset(["gone"]), sticky="gone"), roster)
    assert decision.agent == "an"


def test_an_agent_who_left_the_team_gets_no_more_of_its_tickets() -> None:
    assert refused(one(like(TICKET, sticky="an"), online(like(AN, teams=()), BINH))) == {"an": "not_in_team"}


def test_an_agent_whose_shift_ends_in_three_minutes_is_offered_nothing() -> None:
    leaving = like(ONLINE, shift_ends_at=ago(-3))
    roster = online(AN, BINH, wind_down=timedelta(minutes=5), an=leaving)
    assert refused(one(TICKET, roster)) == {"an": "shift_ending"}
    assert one(TICKET, online(AN, BINH, wind_down=timedelta(minutes=2), an=leaving)).agent == "an"


def test_capacity_cut_below_the_load_gives_no_more_and_breaks_nothing() -> None:
    assert one(TICKET, online(like(AN, capacity=1), an=like(ONLINE, load=3))).outcome == "waiting"


def test_the_library_stands_on_msgspec_and_the_standard_library_alone() -> None:
    code = (
        "import sys, sysconfig, zoneinfo, msgspec; sysconfig.get_config_vars(); before = set(sys.modules); "
        "import routing; "
        "print(*{name.split('.')[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(shown.stdout.split()) == {"routing"}
