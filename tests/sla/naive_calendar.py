"""Business time as a slow and obvious program: look at the wall clock of every step, and count."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sla import BusinessCalendar

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


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


def _in_hours(calendar: BusinessCalendar, wall: datetime) -> bool:
    today, yesterday = wall.date(), wall.date() - timedelta(days=1)
    since = wall - datetime.combine(today, datetime.min.time())
    return any(a <= since < b for a, b in _starting(calendar, today)) or any(
        a <= since + timedelta(days=1) < b for a, b in _starting(calendar, yesterday)
    )


def _starting(calendar: BusinessCalendar, day: date) -> Iterator[tuple[timedelta, timedelta]]:
    if day.isoformat() in calendar.holidays:
        return
    usual = calendar.hours.get(DAYS[day.weekday()], [])
    yield from _spans(calendar.special_days.get(day.isoformat(), usual))


def _in_break(calendar: BusinessCalendar, wall: datetime) -> bool:
    midnight = datetime.combine(wall.date(), datetime.min.time())
    return any(a <= wall - midnight < b for a, b in _spans(calendar.breaks.get(wall.date().isoformat(), [])))


def _spans(pairs: list[list[str]]) -> Iterator[tuple[timedelta, timedelta]]:
    for start, end in pairs:
        a, b = _time(start), _time(end)
        yield a, b if a < b else b + timedelta(days=1)


def _time(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))
