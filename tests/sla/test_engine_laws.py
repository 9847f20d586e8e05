"""Laws 5 to 10, over random promises and random histories."""

from datetime import datetime, timedelta

import msgspec
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.sla.effort import long
from tests.sla.naive_engine import NaiveEngine
from tests.sla.walk import Walk, facts, fired, last_terms, stopped, used_by
from tests.sla.worlds import FIRST, LEVELS, START, STEP, STEPS, WORLD, histories, promises

from sla import Acknowledged, Clocks, Promise, Signal, Terms, TermsChanged, TimePassed, apply, replay

INSTANT = timedelta(microseconds=1)
instants = st.integers(0, STEPS * 15).map(lambda n: START + timedelta(minutes=n))

laws = settings(max_examples=long(50), deadline=None)


@settings(max_examples=long(150), deadline=None)
@given(histories(), FIRST)
def test_law_8_verdicts_are_what_counting_step_by_step_finds(history: list[Signal], first: Terms) -> None:
    found = stopped(replay(history, first).clocks, last_terms(history, first))
    assert sorted(found) == NaiveEngine(WORLD, first).run(history)


@settings(max_examples=long(150), deadline=None)
@given(histories(), FIRST)
def test_law_10_levels_fire_when_counting_step_by_step_reaches_them(
    history: list[Signal], first: Terms
) -> None:
    walk, naive = Walk(first), NaiveEngine(WORLD, first)
    for signal in history:
        walk.poll_until(signal.at)
        walk.take(signal)
    naive.run(history)
    reached = naive.fired()
    assert fired(walk.events) == reached.keys()
    for page in walk.events:
        if page.type == "escalation_due" and page.repeat == 0:
            first_step = WORLD.at(WORLD.index(page.occurred_at))
            assert first_step == reached[page.metric, page.cycle, page.level or ""]


@laws
@given(histories(), FIRST, st.lists(instants, max_size=8))
def test_law_8_looking_more_often_changes_no_clock_and_no_fact(
    history: list[Signal], first: Terms, looks: list[datetime]
) -> None:
    seldom = replay(history, first)
    walk = Walk(first)
    for signal in sorted([*history, *(TimePassed(at) for at in looks)], key=lambda signal: signal.at):
        walk.take(signal)
    assert walk.clocks == seldom.clocks
    assert facts(walk.events) == facts(seldom.events)
    assert fired(walk.events) == fired(seldom.events)


@laws
@given(histories(), FIRST)
def test_law_8_waking_at_every_next_instant_tells_the_same_story(history: list[Signal], first: Terms) -> None:
    walk = Walk(first)
    for signal in history:
        walk.poll_until(signal.at)
        walk.take(signal)
    jumped = replay(history, first)
    assert walk.clocks == jumped.clocks
    assert facts(walk.events) == facts(jumped.events)
    assert fired(walk.events) == fired(jumped.events)


@laws
@given(histories(), FIRST, instants, instants)
def test_law_8_time_passing_twice_is_time_passing_once(
    history: list[Signal], first: Terms, one: datetime, other: datetime
) -> None:
    early, late = sorted((one, other))
    until = [signal for signal in history if signal.at <= early]
    state, now_terms = replay(until, first).clocks, last_terms(until, first)
    twice = apply(TimePassed(early), state, now_terms, early)
    twice_then = apply(TimePassed(late), twice.clocks, now_terms, late)
    once = apply(TimePassed(late), state, now_terms, late)
    assert (twice_then.clocks, twice_then.next_instant) == (once.clocks, once.next_instant)
    assert facts([*twice.events, *twice_then.events]) == facts(once.events)


@laws
@given(histories(), FIRST)
def test_law_9_a_breach_is_for_ever_and_occurred_when_it_was_due(history: list[Signal], first: Terms) -> None:
    walk, broken = Walk(first), dict[tuple[str, int], datetime]()
    for signal in history:
        outcome = walk.take(signal)
        for event in outcome.events:
            if event.type == "breached":
                assert event.occurred_at == event.due_at
                assert (event.metric, event.cycle) not in broken
                broken[event.metric, event.cycle] = event.occurred_at
        now_broken = {(c.metric, c.cycle): c.breached_at for c in walk.clocks if c.state == "breached"}
        assert now_broken == broken


@laws
@given(histories(), FIRST)
def test_law_7_a_clock_is_met_iff_it_used_no_more_than_its_budget(
    history: list[Signal], first: Terms
) -> None:
    outcome = replay(history, first)
    for clock in outcome.clocks:
        used = used_by(clock, outcome.clocks, last_terms(history, first))
        if clock.state != "breached":
            assert used <= clock.budget
        elif clock.ended_at is not None and clock.breached_at is not None:
            assert used >= clock.budget
            assert clock.breached_at <= clock.ended_at
    for event in outcome.events:
        if event.type == "fulfilled" and event.due_at is not None:
            overdrawn_at_once = event.occurred_at == event.due_at and event.late
            assert overdrawn_at_once or event.late == (event.occurred_at > event.due_at)


@laws
@given(histories(), FIRST, instants)
def test_law_10_nothing_fires_early(history: list[Signal], first: Terms, at: datetime) -> None:
    until = [signal for signal in history if signal.at <= at]
    outcome, now_terms = replay(until, first), last_terms(until, first)
    if outcome.next_instant is None:
        assert apply(TimePassed(at), outcome.clocks, now_terms, at).events == ()
        return
    just_before = outcome.next_instant - INSTANT
    assume(outcome.clocks.seen_at is not None and just_before >= outcome.clocks.seen_at)
    quiet = apply(TimePassed(just_before), outcome.clocks, now_terms, just_before)
    assert quiet.events == ()
    assert quiet.next_instant == outcome.next_instant
    woken = apply(TimePassed(outcome.next_instant), outcome.clocks, now_terms, outcome.next_instant)
    assert woken.events
    assert all(event.occurred_at <= outcome.next_instant for event in woken.events)


@laws
@given(histories(), FIRST, instants)
def test_law_10_after_an_outage_each_clock_pages_once_for_all_it_covers(
    history: list[Signal], first: Terms, at: datetime
) -> None:
    until = [signal for signal in history if signal.at <= at]
    state, now_terms = replay(until, first).clocks, last_terms(until, first)
    later = START + 3 * STEPS * STEP
    pages = [
        e for e in apply(TimePassed(later), state, now_terms, later).events if e.type == "escalation_due"
    ]
    assert len(pages) == len({page.metric for page in pages})
    for page in pages:
        clock = state.latest(page.metric)
        assert clock is not None
        assert page.level not in page.covers
        assert {"broken", "half", "soon"} - set(clock.fired) <= {page.level, *page.covers}


@laws
@given(histories(), FIRST)
def test_law_10_each_level_fires_once_a_cycle_and_each_repeat_after_it(
    history: list[Signal], first: Terms
) -> None:
    walk, last = Walk(first), dict[tuple[str, int, str], int]()
    for signal in history:
        walk.poll_until(signal.at)
        walk.take(signal)
    for event in walk.events:
        if event.type == "escalation_due" and event.level:
            key = (event.metric, event.cycle, event.level)
            assert event.repeat > last.get(key, -1)
            assert all(event.repeat >= 0 for _ in event.covers)
            last[key] = event.repeat


@laws
@given(histories(), FIRST)
def test_law_10_what_is_acknowledged_is_not_repeated_and_nothing_beyond_its_limit(
    history: list[Signal], first: Terms
) -> None:
    walk, known = Walk(first), set[tuple[str, int]]()
    limits = {level.name: level.repeat_limit if level.repeat else 0 for level in LEVELS}
    for signal in [*history, TimePassed(START + 9 * STEPS * STEP)]:
        said = len(walk.events)
        walk.poll_until(signal.at)
        before = walk.take(TimePassed(signal.at)).clocks
        for page in walk.events[said:]:
            if page.type == "escalation_due" and page.level:
                assert page.repeat <= limits[page.level]
                assert not page.repeat or (page.metric, page.cycle) not in known
        walk.take(signal)
        if isinstance(signal, Acknowledged):
            clock = before.latest(signal.metric)
            known |= {(clock.metric, clock.cycle)} if clock and clock.is_live else set()


def kept_as(terms: Terms) -> Terms:
    """The same, but keeping what was used, and each in one calendar."""
    return Terms(
        tuple(replace(each, on_change="keep_elapsed", follows_team=False) for each in terms.promises)
    )


@laws
@given(histories(), FIRST, instants, st.sampled_from(promises("third", "resolution")))
def test_law_8_a_change_of_terms_and_back_at_once_changes_nothing_kept(
    history: list[Signal], first: Terms, at: datetime, other: Promise
) -> None:
    until = [signal for signal in history if signal.at <= at]
    mine = last_terms(until, first)
    here = kept_as(mine)
    there = kept_as(Terms(tuple(replace(other, metric=promise.metric) for promise in mine.promises)))
    state = apply(TermsChanged(at, here), replay(until, first).clocks, mine, at).clocks
    gone = apply(TermsChanged(at, there), state, here, at)
    assume(not any(event.type == "breached" for event in gone.events))
    back = apply(TermsChanged(at, here), gone.clocks, there, at)
    kept = [
        (c.metric, c.cycle, c.state, c.due_at, c.budget, used_by(c, back.clocks, here)) for c in back.clocks
    ]
    was = [(c.metric, c.cycle, c.state, c.due_at, c.budget, used_by(c, state, here)) for c in state]
    assert kept == was


@laws
@given(histories(), FIRST, instants)
def test_law_8_publishing_the_same_terms_again_changes_no_clock(
    history: list[Signal], first: Terms, at: datetime
) -> None:
    until = [signal for signal in history if signal.at <= at]
    mine = last_terms(until, first)
    state = replay([*until, TimePassed(at)], first).clocks
    again = apply(TermsChanged(at, mine), state, mine, at)
    assert again.clocks == state
    assert again.events == ()


@laws
@given(histories(), FIRST)
def test_next_response_and_update_never_overtake_the_first_response(
    history: list[Signal], first: Terms
) -> None:
    walk = Walk(first)
    for signal in history:
        walk.take(signal)
        live = {clock.metric for clock in walk.clocks if clock.is_live}
        assert not ("first_response" in live and live & {"next_response", "periodic_update"})


@laws
@given(histories(), FIRST)
def test_nothing_runs_on_a_ticket_at_rest(history: list[Signal], first: Terms) -> None:
    walk = Walk(first)
    for signal in history:
        walk.take(signal)
        if walk.clocks.status in ("solved", "closed", "cancelled"):
            assert walk.next_instant is None
            assert all(clock.since is None for clock in walk.clocks)


@laws
@given(histories(), FIRST)
def test_clocks_survive_being_stored_between_any_two_signals(history: list[Signal], first: Terms) -> None:
    walk = Walk(first)
    for signal in history:
        walk.take(msgspec.json.decode(msgspec.json.encode(signal), type=Signal))
        walk.clocks = msgspec.json.decode(msgspec.json.encode(walk.clocks), type=Clocks)
        walk.terms = msgspec.json.decode(msgspec.json.encode(walk.terms), type=Terms)
    assert walk.clocks == replay(history, first).clocks
