"""The calendar against counting step by step, around every kind of clock change."""

import struct
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sla import naive_calendar

from sla import BusinessCalendar
from sla.wall_time import offsets

STEP = timedelta(minutes=15)
MICROSECOND = timedelta(microseconds=1)

CHANGES = [
    ("Europe/Berlin", "2026-03-29T01:00"),
    ("Europe/Berlin", "2026-10-25T01:00"),
    ("America/New_York", "2026-03-08T07:00"),
    ("America/New_York", "2026-11-01T06:00"),
    ("Australia/Lord_Howe", "2026-04-04T15:00"),
    ("Australia/Lord_Howe", "2026-10-03T15:30"),
    ("America/Santiago", "2026-04-05T03:00"),
    ("America/Santiago", "2026-09-06T04:00"),
    ("Africa/Cairo", "2026-04-23T22:00"),
    ("Antarctica/Troll", "2026-03-29T01:00"),
    ("Pacific/Apia", "2011-12-30T10:00"),
    ("Asia/Kathmandu", "2026-01-01T00:00"),
    ("Asia/Ho_Chi_Minh", "2026-09-02T00:00"),
]
"""Gaps and folds by day and at midnight, half an hour, two hours, a whole day skipped, and none."""


def times(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map(lambda n: f"{n // 4:02}:{n % 4 * 15:02}")


@st.composite
def days(draw: st.DrawFn) -> list[list[str]]:
    """Up to two intervals of one day, in order."""
    edges = sorted(draw(st.lists(st.integers(0, 96), max_size=4, unique=True)))
    return [
        [f"{a // 4:02}:{a % 4 * 15:02}", f"{b // 4:02}:{b % 4 * 15:02}"]
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]


nights = st.tuples(times(64, 95), times(0, 40)).map(lambda pair: [list(pair)])
"""One night shift; nights of neighbouring days cannot meet."""


@st.composite
def calendars(draw: st.DrawFn, zone: str, near: date) -> BusinessCalendar:
    week = draw(
        st.one_of(
            st.fixed_dictionaries(dict.fromkeys(naive_calendar.DAYS, days())),
            st.fixed_dictionaries(dict.fromkeys(naive_calendar.DAYS, nights)),
        ).filter(lambda week: any(week.values()))
    )
    dates = st.integers(-4, 4).map(lambda n: (near + timedelta(days=n)).isoformat())
    return BusinessCalendar(
        timezone=zone,
        hours=week,
        holidays=draw(st.lists(dates, max_size=2, unique=True)),
        special_days=draw(st.dictionaries(dates, st.one_of(days(), nights), max_size=2)),
        breaks=draw(st.dictionaries(dates, days(), max_size=2)),
    )


@st.composite
def worlds(draw: st.DrawFn) -> tuple[BusinessCalendar, datetime]:
    """A calendar and an instant near a change of its clock."""
    zone, text = draw(st.sampled_from(CHANGES))
    change = datetime.fromisoformat(text).replace(tzinfo=UTC)
    start = change + STEP * draw(st.integers(-4 * 36, 4 * 36))
    return draw(calendars(zone, change.date())), start


budgets = st.integers(0, 4 * 30).map(lambda n: n * STEP)


@settings(max_examples=60, deadline=None)
@given(worlds(), budgets)
def test_due_is_what_counting_step_by_step_finds(
    world: tuple[BusinessCalendar, datetime], budget: timedelta
) -> None:
    calendar, start = world
    assert calendar.due(start, budget) == naive_calendar.due(calendar, start, budget, STEP)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.integers(0, 4 * 72))
def test_elapsed_and_open_periods_are_what_counting_step_by_step_finds(
    world: tuple[BusinessCalendar, datetime], steps: int
) -> None:
    calendar, start = world
    end = start + steps * STEP
    expected = naive_calendar.elapsed(calendar, start, end, STEP)
    assert calendar.elapsed(start, end) == expected == -calendar.elapsed(end, start)
    periods = list(calendar.open_periods(start, end))
    assert sum((b - a for a, b in periods), timedelta()) == expected
    assert all(first.end < then.start for first, then in pairwise(periods))


@settings(max_examples=100, deadline=None)
@given(
    worlds(), st.timedeltas(timedelta(), timedelta(days=9)), st.timedeltas(timedelta(), timedelta(hours=99))
)
def test_to_the_microsecond_due_is_the_last_instant_within_the_budget(
    world: tuple[BusinessCalendar, datetime], shift: timedelta, budget: timedelta
) -> None:
    calendar, start = world
    due = calendar.due(start + shift, budget)
    assert calendar.elapsed(start + shift, due) == budget
    assert calendar.elapsed(start + shift, due + MICROSECOND) == budget + MICROSECOND
    assert calendar.is_open(due)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.timedeltas(MICROSECOND, timedelta(hours=99)))
def test_a_lead_is_counted_backwards_in_open_time(
    world: tuple[BusinessCalendar, datetime], lead: timedelta
) -> None:
    calendar, due = world
    before = calendar.before(due, lead)
    assert calendar.elapsed(before, due) == lead
    assert calendar.elapsed(before + MICROSECOND, due) == lead - MICROSECOND


@settings(max_examples=60, deadline=None)
@given(worlds(), st.integers(0, 4 * 24))
def test_an_instant_is_open_iff_its_wall_time_lies_in_an_interval(
    world: tuple[BusinessCalendar, datetime], steps: int
) -> None:
    calendar, start = world
    at = start + steps * STEP
    assert calendar.is_open(at) == naive_calendar.is_open(calendar, at)
    assert calendar.is_open(at + STEP - MICROSECOND) == naive_calendar.is_open(calendar, at)


def tzif(zone: str) -> Traversable:
    return files("tzdata").joinpath("zoneinfo", *zone.split("/"))


def changes_on_file(zone: str, first: datetime, last: datetime) -> list[datetime]:
    """Read the instants of a zone's offset changes from its TZif file (RFC 8536), without `zoneinfo`."""
    data = tzif(zone).read_bytes()
    isutc, isstd, leap, times_, types, chars = struct.unpack(">6l", data[20:44])
    body = data[44 + times_ * 5 + types * 6 + chars + leap * 8 + isstd + isutc :]
    _, _, _, times_, types, _ = struct.unpack(">6l", body[20:44])
    instants = struct.unpack(f">{times_}q", body[44 : 44 + times_ * 8])
    kinds = body[44 + times_ * 8 : 44 + times_ * 9]
    table = body[44 + times_ * 9 :]
    seconds = [struct.unpack(">l", table[kind * 6 : kind * 6 + 4])[0] for kind in range(types)]
    found, before = [], seconds[0]
    for instant, kind in zip(instants, kinds, strict=True):
        at = datetime.fromtimestamp(instant, UTC) if abs(instant) < 2**33 else None
        if at is not None and first < at < last and seconds[kind] != before:
            found.append(at)
        before = seconds[kind]
    return found


def test_every_change_of_every_zone_from_2000_to_2037_is_found() -> None:
    pytest.importorskip("tzdata")
    first, last = datetime(2000, 1, 1, tzinfo=UTC), datetime(2037, 1, 1, tzinfo=UTC)
    compared = set()
    for zone in sorted(zone for zone in available_timezones() if tzif(zone).is_file()):
        on_file = tuple(changes_on_file(zone, first, last))
        if on_file and on_file not in compared:
            compared.add(on_file)
            with tzif(zone).open("rb") as file:
                same = ZoneInfo.from_file(file)
            found = [stretch.start for stretch, _ in offsets(same, first, last)][1:]
            # Rules that go on for ever need not be spelled out on file.
            assert tuple(at for at in found if at <= on_file[-1]) == on_file, zone
    assert len(compared) > 50
