"""A call is what was told of it, in whatever order, however often."""

from datetime import UTC, datetime, timedelta
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tickets.domain.telephony import CallFact, Told, rebuild, silent_at

NINE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def fact(told: Told, second: float, **more: object) -> CallFact:
    return CallFact(told=told, at=NINE + timedelta(seconds=second), **more)  # type: ignore[arg-type]


STORY = (
    fact("ringing", 0, caller="0901234567", callee="1900"),
    fact("queued", 5),
    fact("answered", 25, agent="lan"),
    fact("held", 60),
    fact("resumed", 90),
    fact("transferred", 100, agent="mai"),
    fact("hung_up", 145),
    fact("wrapped", 175),
    fact("recorded", 176, recording_url="https://pbx.example/1"),
)
FACTS = st.builds(
    fact,
    st.sampled_from(get_args(Told)),
    st.integers(0, 5),
    direction=st.sampled_from([None, "in", "out"]),
    caller=st.sampled_from(["", "1", "2"]),
    agent=st.sampled_from([None, "lan", "mai"]),
    seconds=st.sampled_from([None, 0, 7]),
    cause=st.sampled_from([None, "busy"]),
)


def test_a_whole_call() -> None:
    call = rebuild("c1", STORY)
    assert (call.state, call.outcome, call.agent, call.transfers) == ("ended", "answered", "mai", 1)
    assert (call.waited, call.talked, call.held, call.wrapped) == (25, 90, 30, 30)
    assert call.recordings == ("https://pbx.example/1",)
    assert silent_at(call, STORY) is None


@given(st.lists(FACTS, min_size=1, max_size=9).flatmap(
    lambda facts: st.tuples(st.just(facts), st.permutations(facts), st.lists(st.sampled_from(facts)))
))  # fmt: skip
def test_order_and_repetition_say_nothing(
    told: tuple[list[CallFact], list[CallFact], list[CallFact]],
) -> None:
    facts, shuffled, again = told
    call = rebuild("c1", facts)
    assert rebuild("c1", [*shuffled, *again]) == call
    assert call.held >= 0
    assert (call.talked or 0) >= 0


@given(st.sets(st.sampled_from(range(len(STORY))), min_size=1))
def test_what_is_missing_breaks_nothing(kept: set[int]) -> None:
    call = rebuild("c1", [STORY[place] for place in kept])
    ended = call.ended_at is not None
    assert (call.state == "ended") == ended
    if call.answered_at is not None:
        assert call.outcome == "answered"


def test_an_end_with_talk_time_was_answered_whatever_else_was_lost() -> None:
    call = rebuild("c1", [fact("hung_up", 60, seconds=50)])
    assert (call.outcome, call.answered_at) == ("answered", NINE + timedelta(seconds=10))


def test_who_hangs_up_in_the_queue_abandons_and_who_only_rings_is_missed() -> None:
    assert rebuild("c1", [fact("ringing", 0), fact("queued", 1), fact("hung_up", 9)]).outcome == "abandoned"
    assert rebuild("c1", [fact("ringing", 0), fact("hung_up", 9)]).outcome == "missed"
    assert rebuild("c1", [fact("ringing", 0), fact("voicemail", 5), fact("hung_up", 9)]).outcome == "missed"
    assert rebuild("c1", [fact("ringing", 0, direction="out"), fact("hung_up", 9)]).outcome == "unanswered"
    assert rebuild("c1", [fact("hung_up", 9)]).outcome == "ended"


def test_silence_ends_a_call_and_a_hang_up_told_late_ends_it_better() -> None:
    ringing = [fact("ringing", 0)]
    silent = silent_at(rebuild("c1", ringing), ringing)
    assert silent == NINE + timedelta(minutes=30)
    closed = [*ringing, CallFact(told="timed_out", at=silent)]
    call = rebuild("c1", closed)
    assert (call.outcome, call.timed_out, silent_at(call, closed)) == ("missed", True, None)
    late = rebuild("c1", [*closed, fact("hung_up", 40)])
    assert (late.ended_at, late.timed_out) == (NINE + timedelta(seconds=40), False)
