"""Every change of every zone's clock from 2000 to 2040: found, and counted over to the step."""

import os
import struct
from datetime import UTC, datetime, timedelta
from itertools import accumulate, cycle
from zoneinfo import ZoneInfo

import pytest
from tests.sla import naive_calendar
from tests.sla.calendars import FIRST, LAST, ZONES, clock_of, distinct_zones, tzif

from sla import BusinessCalendar
from sla.opening_hours import read_opening_hours
from sla.timeline import Timeline
from sla.wall_time import wall_clock

LONG = bool(os.environ.get("TICKETS_TEST_LONG"))
MINUTE = timedelta(minutes=1)
AROUND = 4 * 60 * MINUTE


def changes_on_file(zone: str) -> list[datetime]:
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
        if at is not None and FIRST < at < LAST and seconds[kind] != before:
            found.append(at)
        before = seconds[kind]
    return found


def test_every_change_on_file_is_found() -> None:
    pytest.importorskip("tzdata")
    compared = set()
    for zone in (zone for zone in ZONES if tzif(zone).is_file()):
        on_file = tuple(changes_on_file(zone))
        if on_file and on_file not in compared:
            compared.add(on_file)
            with tzif(zone).open("rb") as file:
                same = ZoneInfo.from_file(file)
            found = wall_clock(same, FIRST, LAST).starts[1:]
            # Rules that go on for ever need not be spelled out on file.
            assert tuple(at for at in found if at <= on_file[-1]) == on_file, zone
    assert len(compared) > 50


def test_the_wall_clock_shows_what_the_zone_shows_also_by_rules_that_go_on_for_ever() -> None:
    step = timedelta(hours=1 if LONG else 241)
    for zone in distinct_zones():
        clock, same = clock_of(zone), ZoneInfo(zone)
        at = FIRST
        while at < LAST:
            assert clock.at(at).replace(tzinfo=None) == at.astimezone(same).replace(tzinfo=None), (zone, at)
            at += step


def touching(change: datetime) -> list[list[list[str]]]:
    """The hours, as wall times, that a change of the clock at this wall time cuts in different ways."""

    def time(minutes: int) -> str:
        return f"{change + timedelta(minutes=minutes):%H:%M}"

    return [
        [[time(-30), time(30)]],
        [[time(0), time(60)]],
        [[time(-60), time(0)], [time(15), time(90)]],
        [["22:00", "06:00"]],
        [["00:00", "24:00"]],
    ]


def test_calendars_that_a_change_touches_count_it_step_by_step() -> None:
    """Each change with one kind of hours, in turn; the long form: with every kind."""
    turn, count = cycle(range(5)), 0
    for zone in distinct_zones():
        clock = clock_of(zone)
        for change, offset in zip(clock.starts[1:], clock.offsets, strict=False):
            shapes = touching(change + offset)
            for hours in shapes if LONG else [shapes[next(turn)]]:
                count += 1
                agrees(zone, hours, change)
    assert count > (25_000 if LONG else 5_000)


def agrees(zone: str, hours: list[list[str]], change: datetime) -> None:
    """Compare a calendar, laid out only around the change, with the wall clock of every step."""
    week = dict.fromkeys(naive_calendar.DAYS, hours)
    calendar = BusinessCalendar(timezone=zone, hours=week)
    timeline = Timeline(read_opening_hours(zone, week, (), {}, {}), room=timedelta(days=4))
    step = MINUTE if change.minute % 15 else 15 * MINUTE
    steps = [change - AROUND + n * step for n in range(2 * AROUND // step)]
    is_open = [naive_calendar.is_open(calendar, at) for at in steps]
    used = [timedelta(), *accumulate(step if flag else timedelta() for flag in is_open)]
    for at, flag, spent in zip(steps, is_open, used, strict=False):
        assert timeline.is_open(at) == flag, (zone, hours, at)
        assert timeline.elapsed(steps[0], at) == spent, (zone, hours, at)
        if flag:
            assert timeline.due(steps[0], spent) == at, (zone, hours, at)
