"""What a search bisects: open periods with the open time before each (a prefix sum), and open dates.

Where an instant falls among the starts, and where an amount falls among the sums, is all there is to know.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sla.budget import ZERO
from sla.opening_hours import DAY, OpeningHours
from sla.periods import merged
from sla.wall_time import WallClock, wall_clock

EDGE = 3 * DAY
"""More than any wall clock is away from UTC and any interval long: so much near an end is not whole."""
_EVER = datetime.min.replace(tzinfo=UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


class OpenDates(NamedTuple):
    """The dates on which an interval starts, by their ordinals, and the wall clock that shows them."""

    first: datetime
    last: datetime
    dates: list[int]
    clock: WallClock


class OpenIndex(NamedTuple):
    """Everything known about [first, last)."""

    first: datetime
    last: datetime
    starts: list[datetime]  # starts[0] == first belongs to an empty period, so that a bisection always lands
    ends: list[datetime]
    before: list[timedelta]  # open time since `first` before each period; one more at the end: all of it
    zeros: list[datetime]  # starts[n] - before[n]: what to take an instant of the period from to have its sum
    days: OpenDates  # EDGE inside [first, last)

    def spent(self, at: datetime) -> timedelta:
        """Return the open time in [first, at)."""
        n = bisect_right(self.starts, at) - 1
        return at - self.zeros[n] if at < self.ends[n] else self.before[n + 1]


NOTHING = OpenIndex(_NEVER, _EVER, [], [], [], [], OpenDates(_NEVER, _EVER, [], WallClock([], [], [])))


def indexed(hours: OpeningHours, first: datetime, last: datetime) -> OpenIndex:
    """Lay the opening hours over [first, last) and sum them up."""
    clock = wall_clock(hours.zone, first, last)
    wall = hours.periods((first - 2 * DAY).date(), (last + 2 * DAY).date())
    periods = merged(clock.in_utc(wall, last))
    before = [ZERO, ZERO]
    for start, end in periods:
        before.append(before[-1] + (end - start))
    starts = [first, *(period.start for period in periods)]
    ends = [first, *(period.end for period in periods)]
    zeros = [start - spent for start, spent in zip(starts, before, strict=False)]
    inside = first + EDGE, last - EDGE
    dates = list(hours.dates(*(edge.date() for edge in inside)))
    return OpenIndex(first, last, starts, ends, before, zeros, OpenDates(*inside, dates, clock))
