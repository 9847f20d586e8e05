"""Open periods in UTC, indexed so that any question costs two bisections, however far apart.

Beside each open period stands how much open time lies before it (a prefix sum). Where an instant falls among
the starts, and where an amount falls among the sums, is then all there is to know. The index grows on demand
and is replaced whole, so threads may share it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sla.errors import Fault, InstantError
from sla.opening_hours import DAY, OpeningHours
from sla.periods import Period, clipped, merged
from sla.wall_time import in_utc

_ZERO = timedelta()
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
        """Return the last instant with `lead` of open time left until `due`; for none, the last open one."""
        place, index = bisect_right if lead else bisect_left, self._index
        while True:
            if index.first <= due < index.last:
                target = index.spent(due) - lead
                if target > _ZERO:
                    n = place(index.before, target) - 1
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
    wall = hours.periods((first - 2 * DAY).date(), (last + 2 * DAY).date())
    periods = merged(in_utc(wall, hours.zone, first, last))
    before = [_ZERO, _ZERO]
    for start, end in periods:
        before.append(before[-1] + (end - start))
    return _Index(
        first, last, [first, *(p.start for p in periods)], [first, *(p.end for p in periods)], before
    )
