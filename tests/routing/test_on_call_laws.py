"""Who is on call, beside a brute force that watches the wall clock step by step through clock changes."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import Layer, Override, Schedule, shifts, who

STEP = timedelta(minutes=5)
TICK = timedelta(microseconds=1)
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),
    "America/Santiago": ("2026-04-05T03:00Z", "2026-09-06T04:00Z"),
    "Asia/Beirut": ("2026-03-28T22:00Z", "2026-10-24T21:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00Z", "2011-09-24T14:00Z"),
    "Asia/Ho_Chi_Minh": ("2026-03-01T00:00Z",),
}
"""When clocks change: by an hour, by half of one, at midnight, and once by a whole day."""
TIMES = ["00:00", "00:30", "01:15", "02:00", "02:30", "03:00", "09:00", "17:30", "23:45", "24:00"]
WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def first_hand_offs(change: datetime) -> st.SearchStrategy[datetime]:
    day = change.replace(hour=0, minute=0, tzinfo=None)
    return st.builds(
        lambda days, minutes: day + timedelta(days=days, minutes=15 * minutes),
        st.integers(-40, 1),
        st.integers(0, 95),
    )


@st.composite
def schedules(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone])))
    hours = st.dictionaries(
        st.sampled_from(WEEKDAYS),
        st.lists(st.tuples(st.sampled_from(TIMES[:-1]), st.sampled_from(TIMES)), min_size=1, max_size=2),
        min_size=1,
    )
    layers = st.builds(
        Layer,
        name=st.sampled_from(["base", "day", "night"]),
        starts_on=first_hand_offs(change),
        rotation=st.sampled_from(["hourly", "daily", "weekly", "monthly"]),
        every=st.integers(1, 13),
        agents=st.lists(st.sampled_from(["an", "binh", "chi"]), min_size=1, max_size=3).map(tuple),
        hours=st.none() | hours,
    )
    instants = st.integers(-300, 300).map(lambda n: change + n * STEP)
    overrides = st.builds(
        lambda ends, agent, replaces: Override(
            starts_at=min(ends), ends_at=max(ends) + STEP, agent=agent, replaces=replaces
        ),
        st.tuples(instants, instants),
        st.sampled_from(["an", "dung"]),
        st.none() | st.sampled_from(["an", "binh", "dung"]),
    )
    schedule = Schedule(
        key="support",
        timezone=zone,
        layers=tuple(draw(st.lists(layers, max_size=3))),
        overrides=tuple(draw(st.lists(overrides, max_size=3))),
    )
    return schedule, change


def local_starts(layer: Layer, until: datetime) -> list[datetime]:
    """Every hand-off as the wall clock shows it, by walking from one to the next."""
    found, n = [layer.starts_on], 0
    while found[-1] <= until:
        n += layer.every
        if layer.rotation == "monthly":
            month = layer.starts_on.month - 1 + n
            first = layer.starts_on.replace(
                day=1, month=month % 12 + 1, year=layer.starts_on.year + month // 12
            )
            last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            found.append(first.replace(day=min(layer.starts_on.day, last.day)))
        else:
            unit = {"hourly": 1, "daily": 24, "weekly": 168}[layer.rotation]
            found.append(layer.starts_on + timedelta(hours=n * unit))
    return found


def in_hours(layer: Layer, wall: datetime) -> bool:
    if layer.hours is None:
        return True
    for back in (0, 1):
        day = wall.replace(hour=0, minute=0, second=0) - timedelta(days=back)
        for opens, closes in layer.hours.get(WEEKDAYS[day.weekday()], ()):  # type: ignore[call-overload]
            start, end = (day + timedelta(hours=int(t[:2]), minutes=int(t[3:])) for t in (opens, closes))
            if start <= wall < (end if end > start else end + timedelta(days=1)):
                return True
    return False


def watched(
    schedule: Schedule, start: datetime, end: datetime, step: timedelta = STEP
) -> Iterator[tuple[datetime, str | None]]:
    """Who answers at each step. A hand-off has happened once the wall clock has ever shown its time."""
    zone = ZoneInfo(schedule.timezone)
    starts = [
        local_starts(layer, (end + timedelta(days=2)).replace(tzinfo=None)) for layer in schedule.layers
    ]
    at = start - timedelta(days=2)
    latest_reading = datetime.min  # noqa: DTZ901  # what the wall clock shows has no offset
    while at < end:
        wall = at.astimezone(zone).replace(tzinfo=None)
        latest_reading = max(latest_reading, wall)
        agent = None
        for layer, hand_offs in zip(schedule.layers, starts, strict=True):
            turn = bisect_right(hand_offs, latest_reading) - 1
            if turn >= 0 and in_hours(layer, wall):
                agent = layer.agents[turn % len(layer.agents)]
        for override in schedule.overrides:
            if override.starts_at <= at < override.ends_at and override.replaces in (None, agent):
                agent = override.agent
        if at >= start:
            yield at, agent
        at += step if at >= start else STEP


@settings(max_examples=120, deadline=None)
@given(schedules())
def test_the_schedule_agrees_with_the_clock_on_the_wall(case: tuple[Schedule, datetime]) -> None:
    schedule, change = case
    start, end = change - timedelta(hours=30), change + timedelta(hours=30)
    tiles = shifts(schedule, start, end)
    index = 0
    for at, agent in watched(schedule, start, end):
        while (until := tiles[index].until) is not None and until <= at:
            index += 1
        assert tiles[index].agent == agent, at


@settings(max_examples=120, deadline=None)
@given(schedules())
def test_shifts_tile_time_and_any_instant_of_one_names_it(case: tuple[Schedule, datetime]) -> None:
    schedule, change = case
    tiles = shifts(schedule, change - timedelta(days=2), change + timedelta(days=2))
    for before, after in pairwise(tiles):
        assert before.until == after.since
    for tile in tiles:
        if tile.since is not None:
            assert who(schedule, tile.since) == tile
            assert who(schedule, tile.since - TICK).until == tile.since
        if tile.until is not None:
            assert who(schedule, tile.until - TICK) == tile


@pytest.mark.parametrize("zone", sorted(CHANGES))
def test_a_weekly_hand_off_stays_at_nine_on_the_wall_all_year(zone: str) -> None:
    monday = datetime.fromisoformat("2026-01-05T09:00")
    layer = Layer(name="week", starts_on=monday, rotation="weekly", agents=("an", "binh"))
    schedule = Schedule(key="support", timezone=zone, layers=(layer,))
    year = shifts(schedule, datetime(2026, 1, 6, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    hand_offs = [shift.since.astimezone(ZoneInfo(zone)) for shift in year if shift.since]
    assert {(at.hour, at.minute, at.weekday()) for at in hand_offs} == {(9, 0, 0)}
    assert [shift.agent for shift in year] == [("an", "binh")[n % 2] for n in range(52)]
