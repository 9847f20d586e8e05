"""Offers: nobody is asked twice in a round, and after the last round it escalates."""

from datetime import timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.routing.desk import AN, BINH, NOW, ONLINE, TICKET, WARRANTY, like, online

from routing import (
    Availability,
    Decision,
    OfferError,
    Offering,
    Offers,
    Requirement,
    Roster,
    route,
)
from routing.offers import accepted, advance, declined, expired, withdrawn

TEAM = online(AN, BINH)
MINUTE = timedelta(minutes=1)
OFFERING = Offering(timeout="PT1M", rounds=2)


def decide(offers: Offers, roster: Roster = TEAM) -> Decision:
    return route([like(TICKET, excluded=offers.refused)], roster, [WARRANTY], NOW)[0]


def offered() -> Offers:
    step, offers = advance(Offers(), decide(Offers()), OFFERING, NOW)
    assert step == "offer"
    return offers


def test_the_agent_routing_chose_has_until_the_timeout_to_accept() -> None:
    offers = offered()
    assert offers.open is not None
    assert (offers.open.agent, offers.open.expires_at) == ("an", NOW + MINUTE)
    assert accepted(offers, "an", NOW + MINUTE) == Offers()
    with pytest.raises(OfferError, match="ended before"):
        accepted(offers, "an", NOW + MINUTE + timedelta(microseconds=1))
    with pytest.raises(OfferError, match="not offered to binh"):
        accepted(offers, "binh", NOW)


def test_a_declined_offer_goes_to_the_next_and_not_back() -> None:
    offers = declined(offered(), "an")
    step, offers = advance(offers, decide(offers), OFFERING, NOW)
    assert offers.open is not None
    assert (step, offers.open.agent, offers.refused) == ("offer", "binh", frozenset(["an"]))
    with pytest.raises(OfferError, match="not offered to an"):
        declined(offers, "an")


def test_silence_is_a_refusal_only_after_the_very_last_instant() -> None:
    offers = offered()
    assert expired(offers, NOW + MINUTE) == offers
    assert expired(offers, NOW + 2 * MINUTE).refused == {"an"}
    assert expired(Offers(), NOW) == Offers()


def test_when_all_have_refused_there_is_another_round_and_after_the_last_it_escalates_once() -> None:
    all_refused = Offers(refused=frozenset(["an", "binh"]))
    step, offers = advance(all_refused, decide(all_refused), OFFERING, NOW)
    assert (step, offers) == ("ask_again", Offers(round=2))
    again = like(all_refused, round=2)
    step, offers = advance(again, decide(again), OFFERING, NOW)
    assert (step, offers.escalated_at) == ("escalate", NOW)
    assert advance(offers, decide(Offers()), OFFERING, NOW) == ("wait", offers)


def test_a_round_is_over_though_somebody_sleeps_but_not_while_somebody_is_only_busy() -> None:
    offers = Offers(refused=frozenset(["an"]))
    asleep = decide(offers, online(AN, BINH, binh=Availability()))
    assert (asleep.outcome, advance(offers, asleep, OFFERING, NOW).step) == ("waiting", "ask_again")
    busy = decide(offers, online(AN, BINH, binh=like(ONLINE, load=2)))
    assert (busy.outcome, advance(offers, busy, OFFERING, NOW).step) == ("waiting", "wait")


def test_nobody_there_is_no_round_and_a_requirement_nobody_meets_is_reported() -> None:
    assert advance(Offers(), decide(Offers(), online(AN, an=Availability())), OFFERING, NOW).step == "wait"
    impossible = like(WARRANTY, skills=(Requirement("warranty", 5),))
    (decision,) = route([TICKET], TEAM, [impossible], NOW)
    assert advance(Offers(), decision, OFFERING, NOW).step == "report"


def test_an_offer_to_somebody_who_left_is_taken_back_without_holding_it_against_them() -> None:
    assert withdrawn(offered()) == Offers()


def test_nothing_is_offered_twice_at_once_nor_to_who_refused() -> None:
    with pytest.raises(OfferError, match="it is offered to an until"):
        advance(offered(), decide(Offers()), OFFERING, NOW)
    with pytest.raises(OfferError, match="an has refused it in this round"):
        advance(Offers(refused=frozenset(["an"])), decide(Offers()), OFFERING, NOW)


def test_offers_survive_json() -> None:
    offers = like(offered(), refused=frozenset(["binh"]))
    assert msgspec.json.decode(msgspec.json.encode(offers), type=Offers) == offers


@given(
    st.lists(st.sampled_from(["decline", "ignore", "leave"]), max_size=60),
    st.integers(1, 4),
    st.integers(1, 5),
)
def test_nobody_is_asked_twice_in_a_round_and_every_ticket_ends(
    answers: list[str], rounds: int, agents: int
) -> None:
    roster = online(*(like(BINH, key=f"agent-{n}") for n in range(agents)))
    offering = Offering(timeout="PT1M", rounds=rounds)
    offers, asked, now = Offers(), set[tuple[int, str]](), NOW
    for answer in answers:
        step, offers = advance(offers, decide(offers, roster), offering, now)
        while step == "ask_again":
            step, offers = advance(offers, decide(offers, roster), offering, now)
        if step == "escalate":
            assert len(asked) == rounds * agents
            return
        assert step == "offer"
        offer = offers.open
        assert offer is not None
        now = offer.expires_at + MINUTE
        if answer == "leave":
            offers = withdrawn(offers)
        else:
            assert (offers.round, offer.agent) not in asked
            asked.add((offers.round, offer.agent))
            offers = declined(offers, offer.agent) if answer == "decline" else expired(offers, now)
    assert len(asked) <= rounds * agents
