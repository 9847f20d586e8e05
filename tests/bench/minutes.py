"""The truth about a calendar in whole minutes, found by looking at the wall clock of each."""

from datetime import datetime, timedelta
from itertools import accumulate

from tests.sla import naive_calendar

from sla import BusinessCalendar

MINUTE = timedelta(minutes=1)


class Minutes:
    """Open minutes before each minute of [first, last); every edge of the calendar must fall on one."""

    def __init__(self, calendar: BusinessCalendar, first: datetime, last: datetime) -> None:
        """Look at every minute, as slowly as it takes."""
        self._first = first
        count = (last - first) // MINUTE
        self._before = [
            0, *accumulate(naive_calendar.is_open(calendar, first + n * MINUTE) for n in range(count))
        ]  # fmt: skip

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time in [start, end)."""
        return self._spent(end) - self._spent(start)

    def _spent(self, at: datetime) -> timedelta:
        n, rest = divmod(at - self._first, MINUTE)
        before, after = self._before[n : n + 2]
        return before * MINUTE + (rest if after > before else timedelta())
