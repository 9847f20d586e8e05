"""Random calendars, near whatever change of the clock their zone has."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import strategies as st
from tests.sla import naive_calendar

from sla import BusinessCalendar
from sla.wall_time import WallClock, wall_clock

STEP = timedelta(minutes=15)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2041, 1, 1, tzinfo=UTC)
"""Forty years, and so every rule that stands today many times over."""
ZONES = sorted(available_timezones() - {"localtime", "posixrules", "Factory"})

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


@cache
def clock_of(zone: str) -> WallClock:
    """Forty years of a zone's clock."""
    return wall_clock(ZoneInfo(zone), FIRST, LAST)


def tzif(zone: str) -> Traversable:
    return files("tzdata").joinpath("zoneinfo", *zone.split("/"))


def distinct_zones() -> Iterator[str]:
    """One zone of all that changed alike: many are but other names."""
    names = {tzif(zone).read_bytes() if tzif(zone).is_file() else zone: zone for zone in ZONES}
    seen = set()
    for zone in names.values():
        clock = clock_of(zone)
        alike = (*clock.starts, *clock.offsets)
        if alike not in seen:
            seen.add(alike)
            yield zone


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
        breaks=draw(st.dictionaries(dates, st.one_of(days(), nights), max_size=2)),
    )


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and an instant: one of the odd ones, or any change of any zone (or a new year where none is)."""
    if draw(st.booleans()):
        zone, text = draw(st.sampled_from(CHANGES))
        return zone, datetime.fromisoformat(text).replace(tzinfo=UTC)
    zone = draw(st.sampled_from(ZONES))
    return zone, draw(st.sampled_from(clock_of(zone).starts))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[BusinessCalendar, datetime]:
    """A calendar and an instant near a change of its clock."""
    zone, change = draw(changes())
    start = change + STEP * draw(st.integers(-4 * 36, 4 * 36))
    return draw(calendars(zone, change.date())), start


stepped_worlds = worlds().filter(lambda world: (world[1] - FIRST) % STEP == timedelta())
"""Those whose clock changes between two steps, not within one (as Gaza's did at 00:01): steps count time."""
