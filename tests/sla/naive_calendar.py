"""Business time as a slow and obvious program: look at the wall clock of every step, and count."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sla import BusinessCalendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)


def is_open(calendar: BusinessCalendar, at: datetime) -> bool:
    if calendar.always_open:
        return True
    wall = at.astimezone(ZoneInfo(calendar.timezone)).replace(tzinfo=None)
    return _in_hours(calendar, wall) and not _in_break(calendar, wall)


def elapsed(calendar: BusinessCalendar, start: datetime, end: datetime, step: timedelta) -> timedelta:
    """Every edge of the calendar, `start` and `end` must fall on steps."""
    found = timedelta()
    while start < end:
        found += step if is_open(calendar, start) else timedelta()
        start += step
    return found


def due(calendar: BusinessCalendar, start: datetime, budget: timedelta, step: timedelta) -> datetime:
    """The start of the first open step that would be one too many."""
    used = timedelta()
    while True:
        if is_open(calendar, start):
            if used == budget:
                return start
            used += step
        start += step


def before(calendar: BusinessCalendar, due: datetime, lead: timedelta, step: timedelta) -> datetime:
    """The end of the last open step that would be one too many."""
    left = timedelta()
    while True:
        if is_open(calendar, due - step):
            if left == lead:
                return due
            left += step
        due -= step


def days_from(calendar: BusinessCalendar, at: datetime, days: int) -> datetime:
    """The same wall time so many open dates later, as PEP 495 reads it."""
    zone = ZoneInfo(calendar.timezone)
    wall = at.astimezone(zone)
    day, step = wall.date(), DAY if days > 0 else -DAY
    for _ in range(abs(days)):
        day += step
        while not calendar.always_open and not any(_starting(calendar, day)):
            day += step
    return datetime.combine(day, wall.time(), zone).replace(fold=0).astimezone(UTC)


def _in_hours(calendar: BusinessCalendar, wall: datetime) -> bool:
    today, yesterday = wall.date(), wall.date() - DAY
    since = wall - datetime.combine(today, datetime.min.time())
    return any(a <= since < b for a, b in _starting(calendar, today)) or any(
        a <= since + DAY < b for a, b in _starting(calendar, yesterday)
    )


def _starting(calendar: BusinessCalendar, day: date) -> Iterator[tuple[timedelta, timedelta]]:
    if day.isoformat() in calendar.holidays:
        return
    usual = calendar.hours.get(DAYS[day.weekday()], [])
    yield from _spans(calendar.special_days.get(day.isoformat(), usual))


def _in_break(calendar: BusinessCalendar, wall: datetime) -> bool:
    today, yesterday = wall.date(), wall.date() - DAY
    since = wall - datetime.combine(today, datetime.min.time())
    return any(a <= since < b for a, b in _spans(calendar.breaks.get(today.isoformat(), []))) or any(
        a <= since + DAY < b for a, b in _spans(calendar.breaks.get(yesterday.isoformat(), []))
    )


def _spans(pairs: list[list[str]]) -> Iterator[tuple[timedelta, timedelta]]:
    for start, end in pairs:
        a, b = _time(start), _time(end)
        yield a, b if a < b else b + DAY


def _time(text: str) -> timedelta:
    hours, minutes, *seconds = (int(part) for part in text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=sum(seconds))
