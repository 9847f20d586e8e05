"""Holidays out of an iCalendar (RFC 5545): the days of its all-day events, with their repetitions."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import islice

from dateutil.rrule import rrulestr
from icalendar import Calendar, Event, vRecur

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY")
_TIMES_OF_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
_LONGEST = 366


def event_dates(text: str, first: date, last: date) -> tuple[str, ...]:
    """The dates, in order, from `first` to `last`, that an event of the calendar covers.

    A cancelled event and an instance that was moved or cancelled (`EXDATE`, `RECURRENCE-ID`) cover none.

    Raises:
        ValueError: not one calendar, or an event that is not of whole days.
    """
    try:
        calendar = Calendar.from_ical(text)
    except Exception as error:  # a broken line leads the parser anywhere
        raise ValueError(f"not an iCalendar: {str(error).partition(chr(10))[0]}") from error
    if not isinstance(calendar, Calendar):
        raise ValueError("not an iCalendar: it does not begin with VCALENDAR")  # noqa: TRY004 - of the text
    moved = {(event.uid, _day(event.RECURRENCE_ID)) for event in calendar.events if "RECURRENCE-ID" in event}
    found: set[date] = set()
    for event in calendar.events:
        if event.get("STATUS") == "CANCELLED":
            continue
        gone = {day for uid, day in moved if uid == event.uid and "RECURRENCE-ID" not in event}
        found.update(_days(event, gone, first, last))
    return tuple(day.isoformat() for day in sorted(found))


def _days(event: Event, gone: set[date], first: date, last: date) -> Iterator[date]:
    """Every day of every instance of one event."""
    name = str(event.get("SUMMARY", "an event without a name"))
    start, end = event.start, event.end
    if isinstance(start, datetime) or isinstance(end, datetime):
        raise ValueError(f"{name!r} has times of day; holidays are all-day events")  # noqa: TRY004 - of the text
    length = max(1, (end - start).days)
    if length > _LONGEST:
        raise ValueError(f"{name!r} is longer than a year")
    gone = gone | {_day(at) for at in event.exdates}
    instances = {start, *(_day(at) for at, _ in event.rdates)}
    instances.update(day for rule in event.rrules for day in _repeated(rule, start, last, name))
    for day in instances - gone:
        since, until = max(day, first).toordinal(), min(day.toordinal() + length, last.toordinal() + 1)
        yield from map(date.fromordinal, range(since, until))


def _repeated(rule: vRecur, start: date, last: date, name: str) -> Iterable[date]:
    """The days of a rule until `last`."""
    if rule.get("FREQ", [""])[0] not in _FREQUENCIES or any(part in rule for part in _TIMES_OF_DAY):
        raise ValueError(f"{name!r} repeats daily or at times of day, which no holiday does")
    # UNTIL is an instant in many a feed, and COUNT does not go with the one we set ourselves.
    until = min(_day(rule.get("UNTIL", [last])[0]), last)
    bounded = vRecur({name: part for name, part in rule.items() if name != "COUNT"} | {"UNTIL": [until]})
    written = bounded.to_ical().decode()  # type: ignore[no-untyped-call]
    instances = rrulestr(written, dtstart=datetime.combine(start, time()))
    return islice((at.date() for at in instances), rule.get("COUNT", [None])[0])


def _day(at: object) -> date:
    if isinstance(at, datetime):
        return at.date()
    if isinstance(at, date):
        return at
    raise ValueError(f"{at} is not a date")
