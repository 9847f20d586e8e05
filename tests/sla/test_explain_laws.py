"""Law 12: an explanation accounts for every stretch of a clock's life, and says what is to come."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sla.desk import ALWAYS, at, promise
from tests.sla.effort import long
from tests.sla.walk import Walk, last_terms, used_by
from tests.sla.worlds import CALENDARS, FIRST, START, STEP, STEPS, histories

from sla import Event, Opened, Signal, Terms, TermsChanged, TimePassed, explain, replay

ZERO = timedelta()
laws = settings(max_examples=long(60), deadline=None)


@laws
@given(histories(), FIRST)
def test_the_counted_stretches_sum_to_what_was_used(history: list[Signal], first: Terms) -> None:
    outcome = replay(history, first)
    explanations = explain(history, first)
    assert [explanation.clock for explanation in explanations] == list(outcome.clocks)
    for clock, stretches in ((e.clock, e.stretches) for e in explanations):
        counted = sum((s.end - s.start for s in stretches if s.kind == "counted"), ZERO)
        assert counted == used_by(clock, outcome.clocks, last_terms(history, first))
        assert [s.start for s in stretches[1:]] == [s.end for s in stretches[:-1]]
        if stretches:
            assert stretches[0].start == clock.started_at
            assert stretches[-1].end == clock.ended_at or clock.is_live


@laws
@given(histories(), FIRST)
def test_each_stretch_is_what_it_says_in_the_calendar_that_held_then(
    history: list[Signal], first: Terms
) -> None:
    for explanation in explain(history, first):
        for stretch in explanation.stretches:
            length = stretch.end - stretch.start
            if stretch.kind == "paused":
                assert stretch.why in ("pending", "on_hold", "solved", "closed", "cancelled", "not promised")
            else:
                opened = CALENDARS[stretch.why].elapsed(stretch.start, stretch.end)
                assert opened == (length if stretch.kind == "counted" else ZERO)


@laws
@given(histories(), FIRST, st.integers(0, STEPS - 1))
def test_the_levels_to_come_come_when_it_says(history: list[Signal], first: Terms, step: int) -> None:
    now = START + step * STEP
    until = [signal for signal in history if signal.at <= now]
    until.append(TimePassed(now))
    walk = Walk(first)
    for signal in until:
        walk.take(signal)
    said = len(walk.events)
    walk.poll_until(START + 400 * STEPS * STEP)
    fired: dict[tuple[str, int, str], Event] = {}
    for event in walk.events[said:]:
        if event.type == "escalation_due":
            for level in (event.level or "", *event.covers):
                fired.setdefault((event.metric, event.cycle, level), event)
    for explanation in explain(until, first):
        clock = explanation.clock
        to_come = {coming.level: coming.at for coming in explanation.levels}
        for (metric, cycle, level), event in fired.items():
            if (metric, cycle) == (clock.metric, clock.cycle) and level not in clock.fired:
                at = event.occurred_at
                assert to_come[level] <= at if level in event.covers else to_come[level] == at
        if explanation.levels:
            assert {level for m, c, level in fired if (m, c) == (clock.metric, clock.cycle)} >= to_come.keys()


def test_a_broken_promise_that_was_dropped_for_a_while_was_not_promised_then() -> None:
    promised = Terms((promise("assignment", "PT1H", hours=ALWAYS, calendar="always"),))
    (explanation,) = explain(
        [
            Opened(at("mon 08:00"), "open"),
            TermsChanged(at("mon 10:00"), Terms(())),
            TermsChanged(at("mon 11:00"), promised),
            TimePassed(at("mon 12:00")),
        ],
        promised,
    )
    assert [(s.start, s.kind, s.why) for s in explanation.stretches] == [
        (at("mon 08:00"), "counted", "always"),
        (at("mon 10:00"), "paused", "not promised"),
        (at("mon 11:00"), "counted", "always"),
    ]
