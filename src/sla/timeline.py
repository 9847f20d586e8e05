"""Open periods in UTC, indexed so that any question costs two bisections, however far apart.

Beside each open period stands how much open time lies before it (a prefix sum). Where an instant falls among
the starts, and where an amount falls among the sums, is then all there is to know. The index grows on demand
and is replaced whole, so threads may share it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.errors import Fault, InstantError
from sla.opening_hours import DAY, OpeningHours
from sla.periods import Period, clipped, merged

_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)
_ROOM = timedelta(days=400)
_REACH = timedelta(days=200 * 366)


class _Index(NamedTuple):
    """Everything known about [first, last)."""

    first: datetime
    last: datetime
    starts: list[datetime]  # starts[0] == first belongs to an empty period, so that a bisection always lands
    ends: list[datetime]
    before: list[timedelta]  # open time since `first` before each period; one more at the end: all of it

    def spent(self, at: datetime) -> timedelta:
        """Return the open time in [first, at)."""
        n = bisect_right(self.starts, at) - 1
        return self.before[n] + (at - self.starts[n]) if at < self.ends[n] else self.before[n + 1]


class Timeline:
    """The open periods of one calendar. All instants are aware UTC."""

    def __init__(self, hours: OpeningHours) -> None:
        self.hours = hours
        self._index = _Index(_NEVER, _EVER, [], [], [])

    def due(self, start: datetime, budget: timedelta) -> datetime:
        """Return the last instant at which the open time used since `start` is <= budget."""
        first, last, starts, ends, before = self._index
        while True:
            if not first <= start < last:
                first, last, starts, ends, before = self._grown(start, start)
                continue
            n = bisect_right(starts, start) - 1
            target = budget + (before[n] + (start - starts[n]) if start < ends[n] else before[n + 1])
            if target < before[-1]:
                n = bisect_right(before, target) - 1
                return starts[n] + (target - before[n])
            first, last, starts, ends, before = self._grown(start, last)

    def before(self, due: datetime, lead: timedelta) -> datetime:
        """Return the first instant from which no more than `lead` of open time is left until `due`."""
        index = self._index
        while True:
            if index.first <= due < index.last:
                target = index.spent(due) - lead
                if target > _ZERO:
                    n = bisect_left(index.before, target) - 1
                    return index.starts[n] + (target - index.before[n])
                index = self._grown(index.first, due)
            else:
                index = self._grown(due, due)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time in [start, end); negative when end is before start."""
        index = self._covering(start, end) if start <= end else self._covering(end, start)
        return index.spent(end) - index.spent(start)

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` lies in an open period."""
        index = self._covering(at, at)
        return at < index.ends[bisect_right(index.starts, at) - 1]

    def periods(self, start: datetime, end: datetime) -> Iterator[Period]:
        """Yield the open periods clipped to [start, end), in order."""
        index = self._covering(start, end)
        for n in range(bisect_right(index.starts, start) - 1, bisect_left(index.starts, end)):
            yield from clipped([Period(index.starts[n], index.ends[n])], start, end)

    def _covering(self, low: datetime, high: datetime) -> _Index:
        index = self._index
        return index if index.first <= low and high < index.last else self._grown(low, high)

    def _grown(self, low: datetime, high: datetime) -> _Index:
        """Return an index with [low, high] well inside: the old one widened, or a new one.

        The room added grows with the span, so that growing stays cheap in the long run.
        """
        if high - low > _REACH:
            raise InstantError(Fault("", "the calendar has no such opening within 200 years"))
        first, last = min(low, self._index.first), max(high, self._index.last)
        if last - first > 2 * _REACH:
            first, last = low, high
        room = max(_ROOM, high - low)
        try:
            first = first - room if low <= first else first
            last = last + room if high >= last else last
            self._index = _indexed(self.hours, first, last)
        except OverflowError:
            raise InstantError(Fault("", "too near to the beginning or the end of time")) from None
        return self._index


def _indexed(hours: OpeningHours, first: datetime, last: datetime) -> _Index:
    periods = merged(_open_periods(hours, first, last))
    before = [_ZERO, _ZERO]
    for start, end in periods:
        before.append(before[-1] + (end - start))
    return _Index(
        first, last, [first, *(p.start for p in periods)], [first, *(p.end for p in periods)], before
    )


def _open_periods(hours: OpeningHours, first: datetime, last: datetime) -> Iterator[Period]:
    """Turn wall time into UTC: the one place that does.

    An instant is open iff its wall time is. So the wall periods are laid over each stretch of constant offset
    on its own: an hour that the wall clock shows twice is open twice, one that it skips is open never.
    """
    wall = list(hours.periods((first - 2 * DAY).date(), (last + 2 * DAY).date()))
    for stretch, offset in _offsets(hours.zone, first, last):
        start, end = (instant.replace(tzinfo=None) + offset for instant in stretch)
        for opened, closed in clipped(wall, start, end):
            yield Period((opened - offset).replace(tzinfo=UTC), (closed - offset).replace(tzinfo=UTC))


def _offsets(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[tuple[Period, timedelta]]:
    """Yield the stretches of [first, last) in which the zone's offset stays the same."""
    start, day = first, first
    while day < last:
        tomorrow = min(day + DAY, last)
        offset = _offset(zone, day)
        if _offset(zone, tomorrow) != offset:
            change = _change(zone, day, tomorrow)
            yield Period(start, change), offset
            start = change
        day = tomorrow
    yield Period(start, last), _offset(zone, last - _SECOND)


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the instant in (early, late] at which the offset changes, which is on a whole second."""
    early, late = early.replace(microsecond=0), late.replace(microsecond=0) + _SECOND * bool(late.microsecond)
    offset = _offset(zone, early)
    while late - early > _SECOND:
        middle = early + (late - early) // 2 // _SECOND * _SECOND
        if _offset(zone, middle) == offset:
            early = middle
        else:
            late = middle
    return late


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or _ZERO
