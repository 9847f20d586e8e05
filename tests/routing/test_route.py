"""Who takes a ticket, and what is said about it."""

from datetime import timedelta

import msgspec
import pytest
from tests.routing.desk import (
    AN,
    BINH,
    CHI,
    NOW,
    ONLINE,
    TICKET,
    WARRANTY,
    ago,
    facts,
    like,
    one,
    online,
    refused,
)

from routing import (
    Availability,
    InvalidError,
    Relaxation,
    Requirement,
    Rule,
    Strategy,
    check_rules,
    match,
    route,
    wanted_by,
)


def test_the_strongest_agent_of_the_team_takes_it_and_the_decision_says_why() -> None:
    decision = one(TICKET, online(AN, BINH, CHI))
    assert (decision.outcome, decision.agent, decision.team, decision.rule) == (
        "assigned",
        "an",
        "care",
        "warranty",
    )
    assert decision.reason == "an is the first of 2 candidates (best_fit)."
    assert [(candidate.agent, candidate.why) for candidate in decision.candidates] == [
        ("an", "meets the rule in full, warranty 4, 0 of 2 units used, not assigned before"),
        ("binh", "meets the rule in full, warranty 2, 0 of 2 units used, not assigned before"),
    ]
    assert refused(decision) == {"chi": "not_in_team"}


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("best_fit", "an"), ("least_loaded", "binh"), ("round_robin", "chi"), ("longest_idle", "dung")],
)
def test_each_strategy_has_its_own_first(strategy: Strategy, expected: str) -> None:
    team = [like(AN, key=key, skills={"warranty": 3}, capacity=4) for key in ("binh", "chi", "dung")]
    roster = online(
        like(AN, capacity=4),
        *team,
        an=Availability(presence="online", load=3, last_assigned_at=ago(1)),
        binh=Availability(presence="online", load=0, last_assigned_at=ago(2), idle_since=ago(2)),
        chi=Availability(presence="online", load=2, last_assigned_at=ago(9)),
        dung=Availability(presence="online", load=0, last_assigned_at=ago(3), idle_since=ago(3)),
    )
    roster = roster if strategy != "least_loaded" else online(*team, binh=ONLINE, chi=like(ONLINE, load=1))
    assert one(TICKET, roster, like(WARRANTY, strategy=strategy)).agent == expected


def test_an_agent_for_a_region_serves_what_lies_in_it_and_nothing_beside_it() -> None:
    assert one(like(TICKET, facts=facts(region="vn-hcm vn-south vn")), online(AN)).agent == "an"
    elsewhere = one(like(TICKET, facts=facts(region="vn-north vn")), online(AN, BINH))
    assert (elsewhere.agent, refused(elsewhere)) == ("binh", {"an": "other_region"})


def test_a_language_the_agent_does_not_speak_is_a_reason_and_no_list_means_any() -> None:
    decision = one(like(TICKET, facts=facts(language="en")), online(AN, BINH))
    assert (decision.agent, refused(decision)) == ("an", {"binh": "other_language"})


STEPS = (
    Relaxation(after="PT5M", lower_levels=2),
    Relaxation(after="PT10M", drop_optional=True),
    Relaxation(after="PT30M", widen_region=True),
    Relaxation(after="PT1H", team="sales"),
)
CAREFUL = like(
    WARRANTY,
    skills=(Requirement("warranty", 2), Requirement("phones", 3, mandatory=False)),
    relaxation=STEPS,
)


@pytest.mark.parametrize(
    ("waited", "expected", "relaxed", "look_again"),
    [
        (4, None, 0, 5),
        (5, "a", 1, None),
        (12, "b", 2, None),
        (31, "c", 3, None),
        (61, "d", 4, None),
    ],
)
def test_requirements_are_given_up_step_by_step(
    waited: int, expected: str | None, relaxed: int, look_again: int | None
) -> None:
    able = {
        "a": like(AN, skills={"warranty": 2, "phones": 1}),
        "b": like(AN, skills={"warranty": 2}),
        "c": like(AN, skills={"warranty": 2}, regions=("vn-hcm",)),
        "d": like(CHI, skills={"warranty": 2}, regions=("vn-north",)),
    }
    chosen = expected or "a"
    ticket = like(TICKET, facts=facts(region="vn-south vn"), waiting_since=ago(waited))
    decision = one(ticket, online(like(able[chosen], key=chosen)), CAREFUL)
    assert (decision.agent, len(decision.relaxed)) == (expected, relaxed)
    expected_next = ticket.waiting_since + timedelta(minutes=look_again) if look_again else None
    assert decision.next_relaxation_at == expected_next


def test_no_more_is_given_up_than_the_assignment_needs() -> None:
    full = like(BINH, key="full", skills={"warranty": 2, "phones": 3})
    less = like(BINH, key="less", skills={"warranty": 5})
    decision = one(like(TICKET, waiting_since=ago(90)), online(full, less), CAREFUL)
    assert (decision.agent, decision.relaxed) == ("full", ())


def test_a_mandatory_skill_is_never_given_up_however_long_the_wait() -> None:
    weak = like(BINH, skills={"warranty": 1, "phones": 5})
    strong = like(AN, skills={"warranty": 2})
    decision = one(like(TICKET, waiting_since=ago(100_000)), online(weak, strong, an=Availability()), CAREFUL)
    assert (decision.outcome, decision.agent) == ("waiting", None)
    assert refused(decision) == {"binh": "lacks_skill", "an": "offline"}


def test_a_returning_customer_waits_for_their_agent_as_long_as_the_rule_says_then_takes_another() -> None:
    rule = like(WARRANTY, sticky_wait="PT10M")
    busy = online(AN, BINH, binh=Availability(presence="online", load=2))
    waiting = one(like(TICKET, sticky="binh", waiting_since=ago(9)), busy, rule)
    assert (waiting.outcome, refused(waiting)) == ("waiting", {"binh": "full", "an": "kept_for_sticky_agent"})
    assert waiting.next_relaxation_at == ago(-1)
    assert one(like(TICKET, sticky="binh", waiting_since=ago(10)), busy, rule).agent == "an"
    assert one(like(TICKET, sticky="binh"), online(AN, BINH), rule).agent == "binh"


def test_nobody_waits_for_a_sticky_agent_who_cannot_take_it() -> None:
    rule = like(WARRANTY, sticky_wait="PT10M")
    for sticky in ("chi", "gone"):
        assert one(like(TICKET, sticky=sticky), online(AN, BINH, CHI), rule).agent == "an"


def test_the_team_a_ticket_was_moved_to_keeps_it() -> None:
    sales = like(WARRANTY, key="sales", order=2, team="sales")
    moved = like(TICKET, facts=facts(team="sales"))
    assert one(moved, online(AN, CHI), WARRANTY, sales).rule == "sales"
    by_hand = one(moved, online(AN, CHI), WARRANTY)
    assert (by_hand.agent, by_hand.team, by_hand.rule) == ("chi", "sales", None)


def test_a_ticket_without_rule_or_team_is_unroutable() -> None:
    decision = one(TICKET, online(AN), like(WARRANTY, when={"channel": ["hotline"]}))
    assert decision.outcome == "unroutable"
    assert decision.reason == "Nobody will ever take it: no rule holds for it and it has no team."


def test_the_most_urgent_chooses_first() -> None:
    last_slot = online(like(AN, capacity=1))
    later = like(TICKET, id="later", breach_at=NOW + timedelta(hours=2))
    sooner = like(TICKET, id="sooner", breach_at=NOW + timedelta(hours=1))
    decisions = route([later, sooner], last_slot, [WARRANTY], NOW)
    assert [(d.ticket, d.outcome) for d in decisions] == [("sooner", "assigned"), ("later", "waiting")]


def test_fairness_goes_round_within_one_pass() -> None:
    team = [like(BINH, key=key, capacity=9) for key in ("a", "b", "c")]
    tickets = [like(TICKET, id=str(n)) for n in range(6)]
    decisions = route(tickets, online(*team), [like(WARRANTY, strategy="round_robin")], NOW)
    assert sorted(d.agent or "" for d in decisions[:3]) == ["a", "b", "c"]
    assert sorted(d.agent or "" for d in decisions[3:]) == ["a", "b", "c"]


def test_match_takes_the_lowest_order_that_holds() -> None:
    vip = Rule(
        key="vip", order=1, team="experts", when={"customer_tier": ["gold"], "channel": ["inbox", "form"]}
    )
    rest = Rule(key="rest", order=2, team="care")
    assert match(facts(customer_tier="gold", channel="form"), [rest, vip]) == vip
    assert match(facts(customer_tier="gold"), [rest, vip]) == rest
    assert match({}, [vip]) is None


def test_the_same_ticket_twice_is_refused() -> None:
    with pytest.raises(InvalidError) as refusal:
        route([TICKET, TICKET], online(AN), [WARRANTY], NOW)
    assert [fault.pointer for fault in refusal.value.faults] == ["/1/id"]


def test_every_fault_of_the_rules_is_found_at_once() -> None:
    steps = (Relaxation(after="PT9M"), Relaxation(after="soon"), Relaxation(after="PT5M"))
    twice = (Requirement("phones"), Requirement("phones", 2))
    broken = like(WARRANTY, relaxation=steps, skills=twice, sticky_wait="-PT5M")
    assert [fault.pointer for fault in check_rules([WARRANTY, broken])] == [
        "/1/key",
        "/1/sticky_wait",
        "/1/skills/1/skill",
        "/1/relaxation/1/after",
        "/1/relaxation/2/after",
    ]


def test_decisions_and_rules_survive_json() -> None:
    decision = one(TICKET, online(AN, BINH))
    assert msgspec.json.decode(msgspec.json.encode(decision), type=type(decision)) == decision
    assert msgspec.json.decode(msgspec.json.encode(CAREFUL), type=Rule) == CAREFUL


def test_urgency_is_the_breach_or_the_end_of_patience() -> None:
    assert wanted_by(TICKET) == NOW + timedelta(hours=4)
    assert wanted_by(like(TICKET, breach_at=NOW)) == NOW
    assert wanted_by(like(TICKET, priority="urgent", breach_at=NOW + timedelta(days=1))) == NOW + timedelta(
        minutes=15
    )


def test_a_call_weighs_more_than_a_mail_and_takes_more_room() -> None:
    call, mail = 2, 1
    half_busy = online(AN, BINH, an=Availability(presence="online", load=1))
    assert one(like(TICKET, weight=mail), half_busy).agent == "an"
    assert one(like(TICKET, weight=call), half_busy).agent == "binh"
