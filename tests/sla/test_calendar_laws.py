"""Laws 5 and 7: the calendar against counting step by step, in any zone, around any change of its clock."""

import os
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sla import naive_calendar
from tests.sla.calendars import STEP, stepped_worlds, worlds

from sla import Budget, BusinessCalendar

MICROSECOND = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)

World = tuple[BusinessCalendar, datetime]
budgets = st.integers(0, 4 * 30).map(lambda n: n * STEP)
law = settings(max_examples=2000 if os.environ.get("TICKETS_TEST_LONG") else 60, deadline=None)


@law
@given(stepped_worlds, budgets)
def test_law_7_due_is_what_counting_step_by_step_finds(world: World, budget: timedelta) -> None:
    calendar, start = world
    assert calendar.due(start, budget) == naive_calendar.due(calendar, start, budget, STEP)


@law
@given(stepped_worlds, budgets)
def test_a_lead_is_what_counting_backwards_step_by_step_finds(world: World, lead: timedelta) -> None:
    calendar, due = world
    # Of all instants with that much left the last: where it falls on a closing, the opening after it.
    last = naive_calendar.before(calendar, due, lead, STEP)
    if lead:
        last = naive_calendar.due(calendar, last, timedelta(), STEP)
    assert calendar.before(due, lead) == last


@law
@given(stepped_worlds, st.integers(0, 4 * 72))
def test_law_5_elapsed_and_open_periods_are_what_counting_step_by_step_finds(
    world: World, steps: int
) -> None:
    calendar, start = world
    end = start + steps * STEP
    expected = naive_calendar.elapsed(calendar, start, end, STEP)
    assert calendar.elapsed(start, end) == expected == -calendar.elapsed(end, start)
    periods = list(calendar.open_periods(start, end))
    assert sum((b - a for a, b in periods), timedelta()) == expected
    assert all(first.end < then.start for first, then in pairwise(periods))


@law
@given(worlds(), st.integers(0, 86_400), st.integers(0, 3600))
def test_second_by_second_due_and_elapsed_are_what_counting_finds(
    world: World, shift: int, seconds: int
) -> None:
    calendar, start = world
    start += shift * SECOND
    end = start + seconds * SECOND
    used = naive_calendar.elapsed(calendar, start, end, SECOND)
    assert calendar.elapsed(start, end) == used
    if used:
        # Met at the last second used, and the budget one second longer is not yet used up at the end.
        assert calendar.due(start, used - SECOND) < end <= calendar.due(start, used)


@law
@given(
    worlds(), st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(hours=99))
)
def test_law_7_to_the_microsecond_due_is_the_last_instant_within_the_budget(
    world: World, shift: timedelta, budget: timedelta
) -> None:
    calendar, start = world
    due = calendar.due(start + shift, budget)
    assert calendar.elapsed(start + shift, due) == budget
    assert calendar.elapsed(start + shift, due + MICROSECOND) == budget + MICROSECOND
    assert calendar.is_open(due)


@law
@given(worlds(), st.timedeltas(timedelta(), timedelta(days=9)), budgets, budgets)
def test_law_8_a_budget_spent_in_two_parts_is_due_when_it_is_due_at_once(
    world: World, shift: timedelta, one: timedelta, two: timedelta
) -> None:
    calendar, start = world
    start += shift
    assert calendar.due(calendar.due(start, one), two) == calendar.due(start, one + two)
    assert calendar.elapsed(start, start + one) + calendar.elapsed(start + one, start + one + two) == (
        calendar.elapsed(start, start + one + two)
    )


@law
@given(worlds(), st.timedeltas(MICROSECOND, timedelta(hours=99)))
def test_a_lead_is_counted_backwards_in_open_time(world: World, lead: timedelta) -> None:
    calendar, due = world
    before = calendar.before(due, lead)
    assert calendar.elapsed(before, due) == lead
    assert calendar.elapsed(before + MICROSECOND, due) == lead - MICROSECOND


@law
@given(stepped_worlds, st.integers(0, 4 * 24))
def test_an_instant_is_open_iff_its_wall_time_lies_in_an_interval(world: World, steps: int) -> None:
    calendar, start = world
    at = start + steps * STEP
    assert calendar.is_open(at) == naive_calendar.is_open(calendar, at)
    assert calendar.is_open(at + STEP - MICROSECOND) == naive_calendar.is_open(calendar, at)


@law
@given(stepped_worlds, st.integers(1, 30), st.booleans(), budgets)
def test_days_are_what_turning_the_leaves_of_a_calendar_finds(
    world: World,
    days: int,
    always_open: bool,  # noqa: FBT001 - drawn
    rest: timedelta,
) -> None:
    calendar, start = world
    if always_open:
        calendar = BusinessCalendar(timezone=calendar.timezone, always_open=True)
    later = naive_calendar.days_from(calendar, start, days)
    assert calendar.due(start, Budget(days, rest)) == naive_calendar.due(calendar, later, rest, STEP)
    earlier = naive_calendar.days_from(calendar, start, -days)
    assert calendar.before(start, Budget(days)) == naive_calendar.before(calendar, earlier, timedelta(), STEP)


@law
@given(
    worlds(), st.lists(st.timedeltas(timedelta(-999), timedelta(999)), max_size=9), st.integers(0, 3), budgets
)
def test_due_of_many_is_due_of_each(
    world: World, shifts: list[timedelta], days: int, rest: timedelta
) -> None:
    calendar, start = world
    budget = Budget(days, rest)
    starts = [start + shift for shift in shifts]
    assert calendar.due_many(iter(starts), budget) == [calendar.due(at, budget) for at in starts]
