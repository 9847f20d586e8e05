"""The laws of runs: never early, once after an outage, silent while somebody has it, whatever the polling."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.sla.effort import long

from sla import (
    FALLBACK,
    PROMPT,
    BusinessCalendar,
    EscalateNow,
    Run,
    RunAcknowledged,
    RunEvent,
    RunLevel,
    RunResolved,
    RunSignal,
    RunSnoozed,
    RunTakenOver,
    RunTerms,
    RunTouched,
    RunUnacknowledged,
    TimePassed,
    advance,
    coming,
    parse_budget,
    with_told,
)

START = datetime(2026, 3, 27, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ZERO = timedelta()
INSTANT = timedelta(microseconds=1)
HORIZON = 24 * 60
HOURS = BusinessCalendar(
    timezone="Asia/Ho_Chi_Minh", hours={"fri": [["08:00", "17:30"]], "sat": [["08:00", "12:00"]]}
)

ALWAYS = BusinessCalendar(always_open=True)

laws = settings(max_examples=long(150), deadline=None)
minutes = st.integers(0, 90)
instants = st.integers(0, HORIZON).map(lambda n: START + n * MINUTE)
people = st.sampled_from(["agent:an", "agent:binh", "email:chi@shop.example"])


@st.composite
def levels(draw: st.DrawFn) -> tuple[RunLevel, ...]:
    delays = sorted(draw(st.lists(minutes, max_size=4)))
    return tuple(
        RunLevel(
            name=f"level-{n}",
            delay=f"PT{delay}M",
            business=draw(st.booleans()),
            repeat=draw(st.sampled_from([None, "PT5M", "PT40M"])),
            repeat_limit=draw(st.integers(0, 3)),
            notify=(f"agent:{n}",),
            actions={"note": f"{n}"},
        )
        for n, delay in enumerate(delays)
    )


terms = st.builds(
    RunTerms,
    policy=st.just("standard"),
    version=st.just(1),
    levels=levels(),
    fallback=st.just(("email:boss@shop.example",)),
    acknowledgement=st.sampled_from(["any", "all"]),
    acknowledge_within=st.sampled_from([None, "PT10M", "PT1H"]),
    rounds=st.integers(1, 3),
    patience=st.sampled_from(["PT10M", "PT15M"]),
    hours=st.just(HOURS),
)
runs = terms.map(
    lambda pinned: Run(
        id="1", cause="manual:x", metric="manual", cycle=1, terms=pinned, began_at=START, since=START
    )
)
signals = st.one_of(
    st.builds(RunAcknowledged, instants, people),
    st.builds(RunUnacknowledged, instants, people),
    st.builds(RunTakenOver, instants, people),
    st.builds(RunTouched, instants),
    st.builds(EscalateNow, instants),
    st.builds(lambda at, n: RunSnoozed(at, at + n * MINUTE), instants, minutes),
    st.builds(TimePassed, instants),
)
histories = st.lists(signals, max_size=6).map(lambda found: sorted(found, key=lambda signal: signal.at))


class Told(NamedTuple):
    run: Run
    events: list[RunEvent]

    @property
    def pages(self) -> list[RunEvent]:
        return [event for event in self.events if event.type == "page"]


def told(
    run: Run, history: Sequence[RunSignal], until: datetime | None = None, late: timedelta = ZERO
) -> Told:
    """A run after its history; with `until`, looked at whenever it wants to be until then, or `late`."""
    events: list[RunEvent] = []

    def take(signal: RunSignal) -> None:
        nonlocal run
        outcome = advance(run, signal, signal.at)
        run = outcome.run
        events.extend(outcome.events)

    def wake(at: datetime) -> None:
        while (due := run.next_at) is not None and due + late < at:
            take(TimePassed(due + late))

    take(TimePassed(START))
    for signal in history:
        if until is not None:
            wake(signal.at)
        take(signal)
    if until is not None:
        wake(until)
    return Told(run, events)


@laws
@given(runs, histories, st.integers(0, 59))
def test_law_8_whoever_looks_in_time_finds_it_in_the_same_place(
    run: Run, history: list[RunSignal], seconds: int
) -> None:
    end = START + HORIZON * MINUTE
    at_once = told(run, history, until=end).run
    a_little_late = told(run, history, until=end, late=timedelta(seconds=seconds)).run
    assert advance(a_little_late, TimePassed(end), end).run == advance(at_once, TimePassed(end), end).run


@laws
@given(runs, histories, instants, st.integers(0, 3 * HORIZON), st.booleans())
def test_behind_a_page_that_came_late_the_next_one_is_as_far_off_as_it_ever_was(
    run: Run,
    history: list[RunSignal],
    at: datetime,
    late: int,
    business: bool,  # noqa: FBT001
) -> None:
    run = of_one_kind(run, business=business)
    before = told(run, [signal for signal in history if signal.at <= at]).run
    now = at + late * MINUTE
    seen = advance(before, TimePassed(now), now)
    pages = [event for event in seen.events if event.type == "page"]
    if not pages or seen.run.state != "open":
        return
    (page,) = pages
    in_time = awake(before, page.occurred_at).next_at
    assert in_time is not None
    assert seen.run.next_at is not None
    if now - page.occurred_at <= PROMPT and in_time > now:
        assert seen.run.next_at == in_time
        return
    hours = HOURS if business else ALWAYS
    assert seen.run.next_at > now
    assert hours.elapsed(now, seen.run.next_at) == hours.elapsed(page.occurred_at, in_time)


@laws
@given(runs, minutes, st.integers(1, 3 * HORIZON), st.booleans())
def test_handed_back_the_next_level_is_as_far_off_as_when_it_was_taken(
    run: Run,
    after: int,
    held: int,
    business: bool,  # noqa: FBT001
) -> None:
    run = of_one_kind(run, business=business, repeat=None)
    taken = START + after * MINUTE
    back = taken + held * MINUTE
    before = awake(advance(run, TimePassed(START), START).run, taken)
    terms = replace(before.terms, acknowledge_within=None)
    had = advance(replace(before, terms=terms), RunTakenOver(taken, "agent:an"), taken).run
    again = advance(had, RunUnacknowledged(back, "agent:an"), back).run
    if before.state != "open" or before.level + 1 >= len(run.terms.levels):
        return
    assert before.next_at is not None
    assert again.next_at is not None
    hours = HOURS if business else ALWAYS
    assert hours.elapsed(back, again.next_at) == hours.elapsed(taken, before.next_at)


def of_one_kind(run: Run, *, business: bool, **more: object) -> Run:
    """The run with all levels in business time, or none."""
    levels = tuple(replace(level, business=business, **more) for level in run.terms.levels)
    return replace(run, terms=replace(run.terms, levels=levels))


def awake(run: Run, until: datetime) -> Run:
    """The run when it was looked at whenever it wanted to be."""
    while (due := run.next_at) is not None and due <= until:
        run = advance(run, TimePassed(due), due).run
    return run


@laws
@given(runs, histories)
def test_law_10_nothing_happens_before_the_next_instant_and_something_does_at_it(
    run: Run, history: list[RunSignal]
) -> None:
    found = told(run, history)
    due = found.run.next_at
    if due is None:
        far = START + 10 * HORIZON * MINUTE
        assert advance(found.run, TimePassed(far), far).events == ()
        return
    before = due - INSTANT
    assert advance(found.run, TimePassed(before), before) == (found.run, (), due)
    woken = advance(found.run, TimePassed(due), due)
    assert woken.run != found.run
    assert all(event.occurred_at <= due for event in woken.events)


@laws
@given(runs, histories, instants)
def test_law_10_after_an_outage_there_is_one_page_for_all_it_covers(
    run: Run, history: list[RunSignal], at: datetime
) -> None:
    found = told(run, [signal for signal in history if signal.at <= at])
    late = START + 3 * HORIZON * MINUTE
    pages = [e for e in advance(found.run, TimePassed(late), late).events if e.type == "page"]
    assert len(pages) <= 1
    for page in pages:
        assert page.level not in page.covers
        assert page.level != FALLBACK or not page.covers  # it hears when nobody reacted to what they heard


@laws
@given(runs, histories, instants, people)
def test_no_page_behind_an_acknowledgement_while_it_holds(
    run: Run, history: list[RunSignal], at: datetime, by: str
) -> None:
    before = told(run, [signal for signal in history if signal.at <= at]).run
    had = advance(before, RunTakenOver(at, by), at)
    assert had.run.state == "acknowledged"
    assert not [event for event in had.events if event.type == "page"]
    until = had.run.held_until
    silent_until = START + 9 * HORIZON * MINUTE if until is None else until - INSTANT
    quiet = advance(had.run, TimePassed(silent_until), silent_until)
    assert quiet.events == ()
    if until is not None:
        events = advance(had.run, TimePassed(until), until).events
        assert [e.type for e in events] == ["reopened", *["page"] * (had.run.reached is not None)]
        assert all(event.level == had.run.reached for event in events if event.type == "page")


@laws
@given(runs, histories, instants, st.sampled_from(["ack", "over", "snooze", "resolve"]))
def test_twice_changes_nothing(run: Run, history: list[RunSignal], at: datetime, what: str) -> None:
    before = told(run, [signal for signal in history if signal.at <= at]).run
    again: dict[str, RunSignal] = {
        "ack": RunAcknowledged(at, "agent:an"),
        "over": RunTakenOver(at, "agent:an"),
        "snooze": RunSnoozed(at, at + 20 * MINUTE),
        "resolve": RunResolved(at),
    }
    once = advance(before, again[what], at)
    twice = advance(once.run, again[what], at)
    assert twice.run == once.run
    assert twice.events == ()


@laws
@given(runs, histories, instants)
def test_what_is_resolved_is_over(run: Run, history: list[RunSignal], at: datetime) -> None:
    before = told(run, [signal for signal in history if signal.at <= at]).run
    over = advance(before, RunResolved(at), at)
    assert [event.type for event in over.events][-1] == "resolved"
    for signal in [*history, EscalateNow(at), TimePassed(at + HORIZON * MINUTE)]:
        assert advance(over.run, signal, at + HORIZON * MINUTE) == (over.run, (), None)


@laws
@given(runs, histories)
def test_pages_of_a_level_are_numbered_without_end_and_without_twins(
    run: Run, history: list[RunSignal]
) -> None:
    found = told(run, history, until=START + HORIZON * MINUTE)
    numbers = [(page.level, page.repeat) for page in found.pages]
    assert len(set(numbers)) == len(numbers)
    for one, next_one in pairwise(found.pages):
        assert one.occurred_at <= next_one.occurred_at


@laws
@given(runs)
def test_left_alone_it_pages_every_level_in_every_round_and_then_the_fallback(run: Run) -> None:
    found = told(run, [], until=START + 30 * HORIZON * MINUTE)
    names = [level.name for level in run.terms.levels]
    firsts = [name for page in found.pages for name in (page.level, *page.covers)]
    for name in names:
        level = next(level for level in run.terms.levels if level.name == name)
        at_least = run.terms.rounds
        assert (
            at_least <= firsts.count(name) <= run.terms.rounds * (1 + level.repeat_limit * bool(level.repeat))
        )
    assert found.pages[-1].level == FALLBACK
    assert firsts.count(FALLBACK) == 1
    assert found.run.state == "exhausted"
    assert found.pages[-1].notify[0] == "email:boss@shop.example"
    for page in found.pages:  # in calendar time exactly, in business time never sooner
        own = next((level for level in run.terms.levels if level.name == page.level), None)
        if own is not None and page.repeat == 0:
            assert page.occurred_at >= START + parse_budget(own.delay).time


@laws
@given(runs)
def test_whoever_has_to_acknowledge_of_all_is_waited_for(run: Run) -> None:
    run = replace(run, terms=replace(run.terms, acknowledgement="all"))
    found = with_told(told(run, []).run, ["agent:an", "agent:binh"])
    one = advance(found, RunAcknowledged(START, "agent:an"), START)
    assert one.run.state == found.state
    assert [event.type for event in one.events] == ["heard"]
    both = advance(one.run, RunAcknowledged(START, "agent:binh"), START)
    assert both.run.state == "acknowledged"
    back = advance(one.run, RunUnacknowledged(START, "agent:an"), START)
    assert back.run == found
    assert advance(one.run, RunTakenOver(START, "agent:chi"), START).run.state == "acknowledged"


@laws
@given(runs, histories)
def test_it_is_json_and_says_what_comes_next(run: Run, history: list[RunSignal]) -> None:
    found = told(run, history).run
    assert msgspec.json.decode(msgspec.json.encode(found), type=Run) == found
    ahead = coming(found)
    if ahead is not None:
        name, at = ahead
        assert at == found.next_at
        outcome = advance(found, TimePassed(at), at)
        pages = [event for event in outcome.events if event.type == "page"]
        if pages:
            assert pages[0].level == name or name in pages[0].covers


class Rung(NamedTuple):
    """A page as counting minute by minute finds it."""

    minute: int
    level: str
    covers: tuple[str, ...]


def counted(terms: RunTerms) -> list[Rung]:
    """Left alone, in calendar time: every page, found by counting minutes instead of adding to instants."""
    found: list[Rung] = []
    delays = [parse_budget(level.delay).time // MINUTE for level in terms.levels]
    rounds, began, reached, times, paged = 0, 0, -1, 0, 0
    for minute in range(terms.rounds * 1000):
        passed: list[str] = []
        every = _every(terms, reached, times)
        if 0 <= reached == len(delays) - 1 and every is None and minute - paged == _minutes(terms.patience):
            rounds, began, reached = rounds + 1, minute, -1
        if rounds == terms.rounds or not delays:
            return [*found, Rung(minute, FALLBACK, ())]
        ahead = reached + 1 < len(delays) and minute - began == delays[reached + 1]
        if every is not None and reached >= 0 and minute - paged == every and not ahead:
            times, paged = times + 1, minute
            passed.append(terms.levels[reached].name)
        while reached + 1 < len(delays) and minute - began == delays[reached + 1]:
            reached, times, paged = reached + 1, 1, minute
            passed.append(terms.levels[reached].name)
        if passed:
            found.append(Rung(minute, passed[-1], tuple(passed[:-1])))
    raise AssertionError("it never ends")


def _every(terms: RunTerms, reached: int, times: int) -> int | None:
    """After how many minutes a level is paged again, if it is."""
    level = terms.levels[reached] if reached >= 0 else None
    return (
        None
        if level is None or times > level.repeat_limit or level.repeat is None
        else _minutes(level.repeat)
    )


def _minutes(text: str) -> int:
    return parse_budget(text).time // MINUTE


@laws
@given(runs)
def test_every_page_is_where_counting_the_minutes_finds_it(run: Run) -> None:
    calendar = tuple(replace(level, business=False) for level in run.terms.levels)
    run = replace(run, terms=replace(run.terms, levels=calendar))
    pages = told(run, [], until=START + 30 * HORIZON * MINUTE).pages
    assert counted(run.terms) == [
        Rung((page.occurred_at - START) // MINUTE, page.level or "", page.covers) for page in pages
    ]


@laws
@given(runs, instants)
def test_one_of_all_who_acknowledges_takes_no_page_from_the_others(run: Run, at: datetime) -> None:
    run = replace(run, terms=replace(run.terms, acknowledgement="all"))
    found = with_told(told(run, []).run, ["agent:an", "agent:binh"])
    missed = [event for event in advance(found, TimePassed(at), at).events if event.type == "page"]
    heard = advance(found, RunAcknowledged(at, "agent:an"), at)
    assert [event for event in heard.events if event.type == "page"] == missed
    assert not [
        event for event in advance(found, RunTakenOver(at, "agent:an"), at).events if event.type == "page"
    ]
