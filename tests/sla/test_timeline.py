"""The index behind a calendar: it grows wherever it is asked, stays small, and may be shared."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sla.desk import OFFICE

from sla import Budget, BusinessCalendar
from sla.errors import InstantError
from sla.opening_hours import read_opening_hours
from sla.timeline import Timeline

DAY = timedelta(days=1)
START = datetime(2026, 3, 2, tzinfo=UTC)
ZONE = "Europe/Berlin"
WEEK = {"mon": [["22:00", "06:00"]], "wed": [["08:00", "12:00"], ["13:00", "17:30"]]}
HOURS = read_opening_hours(ZONE, WEEK, ["2026-03-11"], {}, {})
LAID_OUT = BusinessCalendar(timezone=ZONE, hours=WEEK, holidays=["2026-03-11"])

instants = st.datetimes(datetime(2015, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001 - Hypothesis wants it so
amounts = st.timedeltas(timedelta(), timedelta(days=60))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(instants, amounts, st.integers(1, 40)), min_size=1, max_size=6))
def test_answers_do_not_depend_on_what_was_asked_before(asked: list[tuple[datetime, timedelta, int]]) -> None:
    timeline = Timeline(HOURS, room=DAY)
    for start, amount, days in asked:
        fresh = Timeline(HOURS)
        due = timeline.due(start, amount)
        assert due == fresh.due(start, amount)
        assert timeline.elapsed(start, due) == amount
        assert timeline.before(start, amount) == fresh.before(start, amount)
        for distance in (days, -days):
            assert timeline.days_from(start, distance) == fresh.days_from(start, distance)


def test_many_threads_may_ask_one_calendar() -> None:
    dice = Random(11)  # noqa: S311 - no secret
    asked = [
        (START + dice.randint(-9000, 9000) * DAY, Budget(0, dice.randint(0, 900) * DAY / 24))
        for _ in range(200)
    ]
    alone = [LAID_OUT.due(*question) for question in asked]
    shared = msgspec.convert(
        {"timezone": ZONE, "hours": WEEK, "holidays": ["2026-03-11", "1999-01-01"]}, BusinessCalendar
    )
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda question: shared.due(*question), asked)) == alone


def test_a_budget_of_a_lifetime_is_due_and_the_way_back_is_as_long() -> None:
    lifetime = timedelta(hours=40) * 52 * 70
    due = OFFICE.due(START, lifetime)
    assert due.year == 2095
    assert OFFICE.elapsed(START, due) == lifetime
    assert OFFICE.before(due, lifetime) == OFFICE.due(START, "PT0S")


def test_memory_stays_bounded_however_far_apart_the_questions_are() -> None:
    timeline = Timeline(HOURS)
    tracemalloc.start()
    for century in range(1100, 9900, 400):
        timeline.due(START.replace(year=century), DAY)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2_000_000


def test_equal_calendars_share_what_they_learned() -> None:
    once, again = (msgspec.json.decode(msgspec.json.encode(OFFICE), type=BusinessCalendar) for _ in range(2))
    assert once is not again
    assert once._timeline is again._timeline  # noqa: SLF001 - nothing else shows it but the time it takes


def test_a_search_that_finds_nothing_ends() -> None:
    with pytest.raises(InstantError, match="more than 200 years away"):
        LAID_OUT.due(START, timedelta(days=365 * 100))
