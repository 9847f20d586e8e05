"""Wall time and UTC: the one place that knows both.

An instant is open iff its wall time is. So open wall time is laid over each stretch of constant offset on its
own: an hour that the wall clock shows twice is open twice, one that it skips is never open.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.budget import ZERO
from sla.periods import Period, clipped

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_start, _end = attrgetter("start"), attrgetter("end")


class WallClock(NamedTuple):
    """A zone's clock between two instants, as stretches of constant offset from UTC.

    `starts` has the instant from which each of `offsets` holds. `shows` has the wall time from which it does:
    past the gap that the change left or the fold that it made, as PEP 495 has it for `fold=0`. Wall times
    carry UTC as their zone here, so that they compare and add as fast as instants.
    """

    starts: list[datetime]
    shows: list[datetime]
    offsets: list[timedelta]

    def at(self, instant: datetime) -> datetime:
        """Return the wall time at an instant."""
        return instant + self.offsets[bisect_right(self.starts, instant) - 1]

    def instant(self, wall: datetime) -> datetime:
        """Return when the clock shows a wall time: the first of two; a skipped one moves on by the gap."""
        return wall - self.offsets[bisect_right(self.shows, wall) - 1]

    def stretches(self, last: datetime) -> Iterator[tuple[Period, timedelta]]:
        """Yield the stretches until `last`, each with its offset."""
        for start, end, offset in zip(self.starts, [*self.starts[1:], last], self.offsets, strict=True):
            yield Period(start, end), offset

    def in_utc(self, open_wall: Iterable[Period], last: datetime) -> Iterator[Period]:
        """Yield the parts of [first, last), in UTC, whose wall time lies in one of the periods, in order."""
        ordered = list(open_wall)
        for stretch, offset in self.stretches(last):
            start, end = (instant + offset for instant in stretch)
            near = bisect_right(ordered, start, key=_end), bisect_left(ordered, end, key=_start)
            for opened, closed in clipped(ordered[slice(*near)], start, end):
                yield Period(opened - offset, closed - offset)


def wall_clock(zone: ZoneInfo, first: datetime, last: datetime) -> WallClock:
    """Watch a zone's clock over [first, last).

    Looks once a day: no zone has changed there and back within one since 1970.
    """
    offset = _offset(zone, first)
    clock = WallClock([first], [first + offset], [offset])
    day = first
    while day < last:
        tomorrow = min(day + _DAY, last)
        changed = _offset(zone, tomorrow)
        if changed != offset and (change := _change(zone, day, tomorrow)) < last:
            clock.starts.append(change)
            clock.shows.append(change + max(offset, changed))
            clock.offsets.append(changed)
        day, offset = tomorrow, changed
    return clock


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the instant in (early, late] at which the offset changes, which is on a whole second."""
    offset = _offset(zone, early)
    early, late = early.replace(microsecond=0), late.replace(microsecond=0) + _SECOND * bool(late.microsecond)
    while late - early > _SECOND:
        middle = early + (late - early) // 2 // _SECOND * _SECOND
        if _offset(zone, middle) == offset:
            early = middle
        else:
            late = middle
    return late


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or ZERO
