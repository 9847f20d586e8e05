"""Who is on call through every clock change of every zone from 2000 to 2040, beside the clock on the wall."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice, pairwise

from tests.routing.test_on_call_laws import WEEKDAYS, watched
from tests.sla.calendars import clock_of, distinct_zones

from routing import Layer, Schedule, shifts

LONG = bool(os.environ.get("TICKETS_TEST_LONG"))
STEP = timedelta(seconds=30)
AROUND = timedelta(hours=2)
SHARE = 1 if LONG else 96


def changes() -> Iterator[tuple[str, datetime, datetime]]:
    """Each change: its zone, its instant, and what the clock on the wall would have shown without it."""
    for zone in distinct_zones():
        clock = clock_of(zone)
        for change, offset in zip(clock.starts[1:], clock.offsets, strict=False):
            yield zone, change, (change + offset).replace(tzinfo=None)


def schedule_around(zone: str, wall: datetime, turn: int) -> Schedule:
    """Layers whose hand-offs and hours a change at this wall time meets, on it and beside it in turn."""

    def time(minutes: int) -> str:
        return f"{wall + timedelta(minutes=minutes):%H:%M}"

    def layer(rotation: str, back: timedelta, hours: list[tuple[str, str]] | None = None) -> Layer:
        week = None if hours is None else dict.fromkeys(WEEKDAYS, hours)
        minutes = timedelta(minutes=(0, 30, -30, 60, -15)[turn % 5])
        return Layer(
            name=rotation,
            starts_on=wall - back + minutes,
            rotation=rotation,  # type: ignore[arg-type]
            agents=(f"{rotation} an", f"{rotation} binh", f"{rotation} chi"),
            hours=week,  # type: ignore[arg-type]
        )

    weekly = layer("weekly", timedelta(days=14))
    daily = layer("daily", timedelta(days=5), [(time(-60), time(0)), (time(15), time(90))])
    hourly = layer("hourly", timedelta(days=1), [(time(-30), time(30))])
    monthly = layer("monthly", timedelta(days=35), [("22:00", "02:30")])
    return Schedule(key="support", timezone=zone, layers=(weekly, daily, hourly, monthly)[turn % 2 :])


def test_every_change_of_every_clock_is_seen_step_by_step() -> None:
    """Every 96th change in thirty-second steps; the long form: every one."""
    count = 0
    for turn, (zone, change, wall) in enumerate(islice(changes(), 0, None, SHARE)):
        count += 1
        schedule = schedule_around(zone, wall, turn)
        start, end = change - AROUND, change + AROUND
        tiles = shifts(schedule, start, end)
        for before, after in pairwise(tiles):
            assert before.until == after.since, (zone, change)
        index = 0
        for at, agent in watched(schedule, start, end, STEP):
            while (until := tiles[index].until) is not None and until <= at:
                index += 1
            assert tiles[index].agent == agent, (zone, change, at)
    assert count > 5_000 // SHARE
