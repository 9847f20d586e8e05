"""A team of experts owns everything of its customers, is waited for, and then gives way."""

from datetime import timedelta

from tests.routing.desk import AN, BINH, CHI, TICKET, WARRANTY, ago, facts, like, one, online, refused

from routing import Availability, Relaxation, Requirement, Rule

EXPERTS = Rule(key="acme", order=0, team="experts", when={"customer": ["acme"]}, fallback_after="PT10M")
EXPERT = like(CHI, key="expert", teams=("experts",), skills={})
ACME = like(TICKET, facts=facts(customer="acme"))
AWAY = Availability(presence="away")


def test_experts_take_whatever_their_customer_asks() -> None:
    decision = one(ACME, online(AN, EXPERT), EXPERTS, WARRANTY)
    assert (decision.agent, decision.team, decision.rule) == ("expert", "experts", "acme")
    assert one(TICKET, online(AN, EXPERT), EXPERTS, WARRANTY).agent == "an"


def test_experts_who_are_busy_are_waited_for_and_the_decision_says_until_when() -> None:
    decision = one(like(ACME, waiting_since=ago(9)), online(AN, EXPERT, expert=AWAY), EXPERTS, WARRANTY)
    assert (decision.outcome, decision.team) == ("waiting", "experts")
    assert refused(decision) == {"an": "not_in_team", "expert": "away"}
    assert decision.next_relaxation_at == ago(-1)


def test_after_the_wait_the_rule_that_would_hold_otherwise_decides_with_its_own_demands() -> None:
    hard = like(WARRANTY, skills=(Requirement("warranty", 3),))
    decision = one(like(ACME, waiting_since=ago(10)), online(AN, BINH, EXPERT, expert=AWAY), EXPERTS, hard)
    assert (decision.agent, decision.team, decision.rule) == ("an", "care", "warranty")
    assert decision.relaxed == ("after PT10M: rule acme gave way",)


def test_experts_still_come_first_after_the_wait() -> None:
    assert one(like(ACME, waiting_since=ago(99)), online(AN, EXPERT), EXPERTS, WARRANTY).agent == "expert"


def test_nobody_waits_for_experts_who_could_never_take_it() -> None:
    decision = one(ACME, online(AN), EXPERTS, WARRANTY)
    assert (decision.agent, decision.relaxed) == ("an", ("rule acme: nobody could ever take it",))
    refused_by_all = like(ACME, excluded=frozenset(["expert"]))
    assert one(refused_by_all, online(AN, EXPERT), EXPERTS, WARRANTY).agent == "an"


def test_a_ticket_its_experts_can_take_one_day_is_never_unroutable() -> None:
    impossible = like(WARRANTY, skills=(Requirement("nothing"),))
    waiting = one(like(ACME, waiting_since=ago(99)), online(AN, EXPERT, expert=AWAY), EXPERTS, impossible)
    assert (waiting.outcome, waiting.rule) == ("waiting", "acme")
    assert one(ACME, online(AN), EXPERTS, impossible).outcome == "unroutable"


def test_the_team_set_at_intake_does_not_keep_experts_from_giving_way() -> None:
    known = like(ACME, facts=facts(customer="acme", team="experts"), waiting_since=ago(10))
    assert one(known, online(AN, EXPERT, expert=AWAY), EXPERTS, WARRANTY).agent == "an"
    moved_away = like(ACME, facts=facts(customer="acme", team="care"))
    assert one(moved_away, online(AN, EXPERT), EXPERTS, WARRANTY).agent == "an"


def test_the_next_look_is_at_whichever_comes_first_a_step_of_the_experts_or_their_giving_way() -> None:
    step = like(EXPERTS, relaxation=(Relaxation(after="PT3M", drop_language=True),))
    gone = online(AN, EXPERT, expert=AWAY)
    for waited, expected in ((0, 3), (5, 10)):
        decision = one(like(ACME, waiting_since=ago(waited)), gone, step, WARRANTY)
        assert decision.next_relaxation_at == ago(waited) + timedelta(minutes=expected)
