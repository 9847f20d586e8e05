"""The rules of a business calendar in local wall time: read, checked, asked date by date."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla.errors import CalendarError, Fault
from sla.periods import Period, merged, minus

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
_HOSTS_OWN = ("localtime", "posixrules", "Factory")
"""What some hosts keep among the zones: no place's time, or another on every host."""
_TIME = re.compile(r"(?:([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?)|24:00(?::00)?", re.ASCII)


class Interval(NamedTuple):
    """Opening time since local midnight of the date it starts on; `end` may pass 24 hours."""

    start: timedelta
    end: timedelta


Intervals = tuple[Interval, ...]


class OpeningHours(NamedTuple):
    """When one place is open, in its own wall time."""

    zone: ZoneInfo
    week: tuple[Intervals, ...]
    special: Mapping[date, Intervals]
    holidays: frozenset[date]
    breaks: Mapping[date, Intervals]

    def starting_on(self, day: date) -> Intervals:
        """Return the intervals that start on a date, breaks not yet taken out."""
        if day in self.holidays:
            return ()
        special = self.special.get(day)
        return self.week[day.weekday()] if special is None else special

    def periods(self, first: date, last: date) -> Iterator[Period]:
        """Yield the open periods, in wall time, of intervals starting first <= date <= last."""
        days = list(_dates(first, last))
        opened = merged(period for day in days for period in _placed(day, self.starting_on(day)))
        breaks = merged(period for day in days for period in _placed(day, self.breaks.get(day, ())))
        return minus(opened, breaks) if breaks else iter(opened)

    def dates(self, first: date, last: date) -> Iterator[int]:
        """Yield the ordinals of the open dates, first <= date <= last: those on which an interval starts."""
        return (day.toordinal() for day in _dates(first, last) if self.starting_on(day))


def _dates(first: date, last: date) -> Iterator[date]:
    return map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _placed(day: date, intervals: Intervals) -> Iterator[Period]:
    midnight = datetime.combine(day, time.min, UTC)
    for start, end in intervals:
        yield Period(midnight + start, midnight + end)


Written = Mapping[str, Sequence[Sequence[str]]]


def read_opening_hours(
    timezone: str, hours: Written, holidays: Sequence[str], special_days: Written, breaks: Written
) -> OpeningHours:
    """Check a calendar as written and make its rules.

    Raises:
        CalendarError: with every fault found, each with its JSON pointer.
    """
    reader = _Reader()
    zone = reader.zone(timezone)
    week = reader.week(hours)
    closed = frozenset(
        day for n, text in enumerate(holidays) if (day := reader.day(text, f"/holidays/{n}")) is not None
    )
    special = reader.dated(special_days, "/special_days")
    holes = reader.dated(breaks, "/breaks")
    if reader.faults or zone is None:
        raise CalendarError(*reader.faults)
    return OpeningHours(zone, week, special, closed, holes)


class _Reader:
    """Reads on past a fault, so that all are found."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def fault(self, pointer: str, message: str) -> None:
        self.faults.append(Fault(pointer, message))

    def zone(self, name: str) -> ZoneInfo | None:
        if name not in _HOSTS_OWN and not name.startswith(("posix/", "right/")):
            with suppress(KeyError, ValueError, OSError):  # unknown, malformed, or the name of a folder
                return ZoneInfo(name)
        self.fault("/timezone", f"{name!r} is not a time zone of the IANA database")
        return None

    def day(self, text: str, pointer: str) -> date | None:
        try:
            return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            self.fault(pointer, f"{text!r} is not a date such as 2026-09-02")
            return None

    def dated(self, written: Written, pointer: str) -> dict[date, Intervals]:
        found = {}
        for text, pairs in written.items():
            here = f"{pointer}/{_escaped(text)}"
            day = self.day(text, here)
            intervals = self.intervals(pairs, here)
            if day is not None:
                found[day] = intervals
        return found

    def week(self, hours: Written) -> tuple[Intervals, ...]:
        before = len(self.faults)
        for name in hours:
            if name not in WEEKDAYS:
                self.fault(f"/hours/{_escaped(name)}", f"{name!r} is not one of {', '.join(WEEKDAYS)}")
        week = tuple(self.intervals(hours.get(name, ()), f"/hours/{name}") for name in WEEKDAYS)
        if len(self.faults) == before:
            self._nights(week)
            if not any(week):
                self.fault("/hours", "never open: a week needs at least one opening interval")
        return week

    def _nights(self, week: tuple[Intervals, ...]) -> None:
        """Fault a night that runs into the next day's first interval."""
        for n, name in enumerate(WEEKDAYS):
            tomorrow = week[(n + 1) % 7]
            latest = max((interval.end for interval in week[n]), default=timedelta())
            if tomorrow and latest - DAY > min(tomorrow).start:
                after = WEEKDAYS[(n + 1) % 7]
                self.fault(f"/hours/{after}", f"overlaps the night that started on {name}")

    def intervals(self, pairs: Sequence[Sequence[str]], pointer: str) -> Intervals:
        found: list[Interval] = []
        for n, pair in enumerate(pairs):
            interval = self._interval(pair, f"{pointer}/{n}")
            if interval is None:
                continue
            if any(interval.start < other.end and other.start < interval.end for other in found):
                self.fault(f"{pointer}/{n}", f"{'-'.join(pair)} overlaps another interval of the same day")
            found.append(interval)
        return tuple(sorted(found))

    def _interval(self, pair: Sequence[str], pointer: str) -> Interval | None:
        if len(pair) != 2:  # noqa: PLR2004 - a pair
            self.fault(pointer, "an interval is a pair of start and end")
            return None
        start, end = (self._time(text, f"{pointer}/{n}") for n, text in enumerate(pair))
        if start is None or end is None:
            return None
        if start == DAY:
            self.fault(f"{pointer}/0", "24:00 can only end an interval")
            return None
        return Interval(start, end if start < end else end + DAY)

    def _time(self, text: str, pointer: str) -> timedelta | None:
        found = _TIME.fullmatch(text)
        if found is None:
            self.fault(pointer, f"{text!r} is not a time of day between 00:00 and 24:00")
            return None
        if found[1] is None:
            return DAY
        return timedelta(hours=int(found[1]), minutes=int(found[2]), seconds=int(found[3] or 0))


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
