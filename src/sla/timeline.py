"""Open periods in UTC, indexed so that any question costs two bisections, however far apart.

The index grows on demand and is replaced whole, so threads may share it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from sla.budget import ZERO
from sla.errors import Fault, InstantError
from sla.open_index import EDGE, NOTHING, OpenIndex, indexed
from sla.opening_hours import DAY, OpeningHours
from sla.periods import Period, clipped

_FIRST = datetime(1, 1, 7, tzinfo=UTC)
_LAST = datetime(9999, 12, 25, tzinfo=UTC)
"""All of time, less a few days in which wall time and nights may reach beyond it."""
_KEPT = timedelta(days=60 * 366)
_REACH = timedelta(days=200 * 366)


class Timeline:
    """The open periods of one calendar. All instants are aware UTC.

    Args:
        hours: the rules.
        room: how much is laid out beyond what is asked for, at least.
    """

    def __init__(self, hours: OpeningHours, room: timedelta = timedelta(days=200)) -> None:
        self._hours = hours
        self._room = room
        self._index = NOTHING

    def due(self, start: datetime, budget: timedelta) -> datetime:
        """Return the last instant at which the open time used since `start` is <= budget."""
        index = self._index
        while True:
            first, last, starts, ends, before, zeros, _ = index
            if first <= start < last:
                n = bisect_right(starts, start) - 1
                target = budget + (start - zeros[n] if start < ends[n] else before[n + 1])
                if target < before[-1]:
                    return zeros[bisect_right(before, target) - 1] + target
                index = self._grown(start, last)
            else:
                index = self._grown(start, start)

    def due_many(self, starts: Iterable[datetime], budget: timedelta) -> list[datetime]:
        """Return `due` of every start: the loop of `due` turned inside out, for a million at once."""
        found: list[datetime] = []
        add = found.append
        first, _, opened, ends, before, zeros, _ = self._index
        open_time = before[-1] if before else ZERO
        for start in starts:
            if first <= start:  # behind the last period all is spent, and no target is below it
                n = bisect_right(opened, start) - 1
                target = budget + (start - zeros[n] if start < ends[n] else before[n + 1])
                if target < open_time:
                    add(zeros[bisect_right(before, target) - 1] + target)
                    continue
            add(self.due(start, budget))
            first, _, opened, ends, before, zeros, _ = self._index
            open_time = before[-1]
        return found

    def before(self, due: datetime, lead: timedelta) -> datetime:
        """Return the last instant with `lead` of open time left until `due`; for none, the last open one."""
        place, index = bisect_right if lead else bisect_left, self._index
        while True:
            if index.first <= due < index.last:
                target = index.spent(due) - lead
                if target > ZERO:
                    return index.zeros[place(index.before, target) - 1] + target
                index = self._grown(index.first, due)
            else:
                index = self._grown(due, due)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time in [start, end); negative when end is before start."""
        first, last, starts, ends, before, zeros, _ = self._index
        if not (first <= start < last and first <= end < last):
            first, last, starts, ends, before, zeros, _ = self._grown(min(start, end), max(start, end))
        n = bisect_right(starts, start) - 1
        used = start - zeros[n] if start < ends[n] else before[n + 1]
        n = bisect_right(starts, end) - 1
        return (end - zeros[n] if end < ends[n] else before[n + 1]) - used

    def is_open(self, at: datetime) -> bool:
        """Tell whether `at` lies in an open period."""
        index = self._covering(at, at)
        return at < index.ends[bisect_right(index.starts, at) - 1]

    def periods(self, start: datetime, end: datetime) -> Iterator[Period]:
        """Yield the open periods clipped to [start, end), in order."""
        index = self._covering(start, end)
        for n in range(bisect_right(index.starts, start) - 1, bisect_left(index.starts, end)):
            yield from clipped([Period(index.starts[n], index.ends[n])], start, end)

    def days_from(self, at: datetime, days: int) -> datetime:
        """Return the same wall time so many open dates later (earlier: negative; never 0)."""
        index = self._index.days
        while True:
            first, last, dates, clock = index
            if first <= at < last:
                wall = clock.at(at)
                day = wall.toordinal()
                n = days + (bisect_right(dates, day) - 1 if days > 0 else bisect_left(dates, day))
                if 0 <= n < len(dates):
                    return clock.instant(wall + (dates[n] - day) * DAY)
                low, high = (at, last) if days > 0 else (first, at)
                index = self._grown(low, high).days
            else:
                index = self._grown(at, at).days

    def _covering(self, low: datetime, high: datetime) -> OpenIndex:
        index = self._index
        return index if index.first <= low and high < index.last else self._grown(low, high)

    def _grown(self, low: datetime, high: datetime) -> OpenIndex:
        """Return an index with [low, high] well inside: the old one widened, or a new one.

        The room added grows with the span, so that growing stays cheap in the long run. What nobody asks for
        now is kept as long as the span is a lifetime's, so that memory stays bounded.
        """
        if high - low > _REACH:
            raise InstantError(Fault("", "more than 200 years away"))
        if low < _FIRST + EDGE or high >= _LAST - EDGE:
            raise InstantError(Fault("", "too near to the beginning or the end of time"))
        first, last = min(low, self._index.first), max(high, self._index.last)
        if last - first > _KEPT:
            first, last = low, high
        room = min(max(self._room, (last - first) / 2), _KEPT)
        if low <= first + EDGE:
            first = max(first, _FIRST + room) - room
        if high >= last - EDGE:
            last = min(last, _LAST - room) + room
        self._index = indexed(self._hours, first, last)
        return self._index
