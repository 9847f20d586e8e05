"""A layer of a schedule: agents in turn, handing off at local wall-clock times, perhaps only in some hours.

A hand-off at local time x happens at the first instant at which the local clock reads x or later. So it is
never lost in the gap of a clock put forward, never doubled when one is put back, and hand-offs keep their
order in every zone.
"""

import re
from bisect import bisect_left
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

Every = Literal["hourly", "daily", "weekly", "monthly"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Hours = dict[Weekday, list[tuple[str, str]]]
"""Weekly local hours, `{"mon": [["08:00", "17:30"]]}`; past midnight when the end is not after the start."""

DAY = timedelta(days=1)
_LENGTHS = {"hourly": timedelta(hours=1), "daily": DAY, "weekly": 7 * DAY}
_WEEK = 7 * DAY
_PROBES = 4  # a zone never changes its offset twice in six hours
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")


class Layer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Agents who follow one another, from `starts_on` (local, without offset) for ever.

    Each holds the layer for `every` hours, days, weeks or months of the local clock; a monthly hand-off on a
    day the month lacks happens on its last. With `hours` the layer answers only then.
    """

    name: str
    starts_on: datetime
    rotation: Every
    every: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1
    agents: tuple[str, ...]
    hours: Hours | None = None


class Stretch(NamedTuple):
    """What a layer says from `since` until just before `until` (None: without end): who, by which turn."""

    agent: str | None
    turn: int | None
    since: datetime | None
    until: datetime | None


def stretch(layer: Layer, zone: ZoneInfo, at: datetime) -> Stretch:
    """What the layer says at an instant, as far around it as is easily known."""
    if not layer.agents or (layer.hours is not None and not any(layer.hours.values())):
        return Stretch(None, None, None, None)
    turn = _turn(layer, zone, at)
    if turn < 0:
        return Stretch(None, None, None, hand_off(layer, zone, 0))
    since, until = hand_off(layer, zone, turn), hand_off(layer, zone, turn + 1)
    agent: str | None = layer.agents[turn % len(layer.agents)]
    if layer.hours is None:
        return Stretch(agent, turn, since, until)
    is_open, opens, closes = _open(layer.hours, zone, at)
    if not is_open:
        return Stretch(None, None, opens, closes)
    return Stretch(agent, turn, max(since, opens), min(until, closes))


def hand_off(layer: Layer, zone: ZoneInfo, turn: int) -> datetime:
    """The instant at which the given turn (0 is the first) begins."""
    return _first_reading(zone, _local_start(layer, turn))


def _turn(layer: Layer, zone: ZoneInfo, at: datetime) -> int:
    """The turn that holds at an instant, -1 before the first; one swallowed by a clock change never does."""
    if at < hand_off(layer, zone, 0):
        return -1
    turn = max(0, _estimate(layer, at.astimezone(zone).replace(tzinfo=None)))
    while hand_off(layer, zone, turn) > at:
        turn -= 1
    while hand_off(layer, zone, turn + 1) <= at:
        turn += 1
    return turn


def _estimate(layer: Layer, wall: datetime) -> int:
    start = layer.starts_on
    if layer.rotation == "monthly":
        return ((wall.year - start.year) * 12 + wall.month - start.month) // layer.every
    return (wall - start) // (_LENGTHS[layer.rotation] * layer.every)


def _local_start(layer: Layer, turn: int) -> datetime:
    start = layer.starts_on
    if layer.rotation != "monthly":
        return start + _LENGTHS[layer.rotation] * layer.every * turn
    years, month = divmod(start.month - 1 + turn * layer.every, 12)
    year, month = start.year + years, month + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


class _Segment(NamedTuple):
    """A part of a UTC day in which the zone's offset does not change."""

    start: datetime
    end: datetime
    offset: timedelta


@lru_cache(maxsize=4096)
def _segments(zone: ZoneInfo, day: date) -> tuple[_Segment, ...]:
    """The UTC day cut where the zone changes its offset."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found: list[_Segment] = []
    for probe in range(_PROBES):
        low, high = start + DAY * probe / _PROBES, start + DAY * (probe + 1) / _PROBES
        change = _change(zone, low, high)
        found.append(_Segment(low, change, _offset(zone, low)))
        if change < high:
            found.append(_Segment(change, high, _offset(zone, change)))
    return tuple(found)


def _change(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The second in which the offset at `low` ends, `high` if it still holds just before that."""
    offset = _offset(zone, low)
    seconds = range(int((high - low).total_seconds()))
    after = bisect_left(seconds, 1, key=lambda s: _offset(zone, low + timedelta(seconds=s)) != offset)
    return low + timedelta(seconds=after)


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


@lru_cache(maxsize=4096)
def _first_reading(zone: ZoneInfo, local: datetime) -> datetime:
    """The first instant at which the clock on the wall reads `local` or later."""
    naive = local.replace(tzinfo=UTC)
    for day in (-1, 0, 1):
        for segment in _segments(zone, local.date() + day * DAY):
            instant = max(segment.start, naive - segment.offset)
            if instant < segment.end:
                return instant
    raise AssertionError("no zone is more than a day away from UTC")


def _open(hours: Hours, zone: ZoneInfo, at: datetime) -> tuple[bool, datetime, datetime]:
    """Whether the wall clock lies in the hours, since when and until when (a week away at most)."""
    since, until = at - _WEEK, at + _WEEK
    for opens, closes in _periods(hours, zone, at):
        if opens <= at < closes:
            return True, max(since, opens), min(until, closes)
        if closes <= at:
            since = max(since, closes)
        elif opens < until:
            until = opens
    return False, since, until


def _periods(hours: Hours, zone: ZoneInfo, at: datetime) -> list[tuple[datetime, datetime]]:
    """Open periods within a week of an instant, in order, those that touch made one."""
    today = at.astimezone(zone).date()
    days = (today + DAY * n for n in range(-8, 9))
    found = sorted(
        period
        for day in days
        for opens, closes in hours.get(WEEKDAYS[day.weekday()], ())
        for period in _instants(zone, day, opens, closes)
    )
    merged: list[tuple[datetime, datetime]] = []
    for opens, closes in found:
        if merged and opens <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(closes, merged[-1][1])
        else:
            merged.append((opens, closes))
    return merged


@lru_cache(maxsize=4096)
def _instants(zone: ZoneInfo, day: date, opens: str, closes: str) -> tuple[tuple[datetime, datetime], ...]:
    """When the wall clock reads `opens` of a date or later, and not yet `closes`: twice if it is put back."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    first, last = midnight + time_of_day(opens), midnight + time_of_day(closes)
    if last <= first:
        last += DAY
    parts = (
        (max(segment.start, first - segment.offset), min(segment.end, last - segment.offset))
        for n in range(-1, 4)
        for segment in _segments(zone, day + DAY * n)
    )
    return tuple((start, end) for start, end in parts if start < end)


def time_of_day(text: str) -> timedelta:
    """`HH:MM` since midnight, up to `24:00`.

    Raises:
        ValueError: the text is not such a time.
    """
    if not _TIME.fullmatch(text):
        raise ValueError(f"not a time of day: {text!r}")
    return timedelta(hours=int(text[:2]), minutes=int(text[3:]))
