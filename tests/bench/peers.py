"""What else counts business time, each asked in its own way. None is needed by the project; all are optional.

`pip install -e '.[peers]'` brings them. Each does as it documents: an adapter turns our calendar and our
instants into its own before the time is taken, and its answers back after.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from importlib import import_module
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sla import BusinessCalendar

Answer = datetime | timedelta
Case = tuple[datetime, Answer]
"""A start with a budget (when is it due?) or with an end (how much is open?)."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _same(answer: Answer) -> Answer:
    return answer


class Question(NamedTuple):
    """One thing a contestant can answer: `put` and `read` translate, only `ask` is timed."""

    ask: Callable[..., object]
    put: Callable[[datetime, Answer], tuple[object, object]]
    read: Callable[..., Answer] = _same


class Contestant(NamedTuple):
    """Somebody who can say when a budget is due, or how much time is open, or both."""

    name: str
    licence: str
    due: Question | None
    elapsed: Question | None


def pair(start: datetime, other: Answer) -> tuple[object, object]:
    """Put the question as it is."""
    return start, other


def ours(calendar: BusinessCalendar) -> Contestant:
    """The calendar itself."""
    due, elapsed = Question(calendar.due, pair), Question(calendar.elapsed, pair)
    return Contestant("sla", "Apache-2.0", due, elapsed)


def django_bizcal(calendar: BusinessCalendar) -> Contestant:
    """A calendar of days that are walked one by one, in any zone."""
    bizcal = import_module("django_bizcal")
    theirs = bizcal.WorkingCalendar(
        tz=calendar.timezone,
        weekly_schedule={
            DAYS.index(day): [(a, b, int(b <= a)) for a, b in pairs] for day, pairs in calendar.hours.items()
        },
        holiday_provider=import_module("django_bizcal.providers").SetHolidayProvider.from_dates(
            map(date.fromisoformat, calendar.holidays)
        ),
    )
    return Contestant(
        "django-bizcal",
        "MIT",
        Question(theirs.add_business_time, pair),
        Question(theirs.business_time_between, pair),
    )


def exchange_calendars(calendar: BusinessCalendar) -> Contestant:
    """Every open minute of some years in one array; nothing finer than a minute."""
    pandas, library = import_module("pandas"), import_module("exchange_calendars")
    intervals = next(iter(calendar.hours.values()))
    times = [(time.fromisoformat(a), time.fromisoformat(b)) for a, b in intervals]
    night = times[0][0] > times[-1][1]
    mask = "".join("1" if day in calendar.hours else "0" for day in DAYS)
    fields = {
        "name": "bench",
        "tz": property(lambda _: ZoneInfo(calendar.timezone)),
        "open_times": ((None, times[0][0]),),
        "close_times": ((None, times[-1][1]),),
        "break_start_times": ((None, times[0][1]),) if len(times) > 1 else None,
        "break_end_times": ((None, times[1][0]),) if len(times) > 1 else None,
        "open_offset": property(lambda _: -1 if night else 0),
        "weekmask": property(lambda _: mask),
        "adhoc_holidays": property(lambda _: [pandas.Timestamp(day) for day in calendar.holidays]),
    }
    made = type("Bench", (library.ExchangeCalendar,), fields)
    theirs = made(start="2025-10-01", end="2027-09-30", side="left")
    minute = timedelta(minutes=1)

    def due(start: object, minutes: int) -> object:
        return theirs.minute_offset(theirs.minute_to_trading_minute(start, "next"), minutes)

    def put_due(start: datetime, budget: Answer) -> tuple[object, object]:
        assert isinstance(budget, timedelta)
        return pandas.Timestamp(start), budget // minute

    def put_elapsed(start: datetime, end: Answer) -> tuple[object, object]:
        assert isinstance(end, datetime)
        return pandas.Timestamp(start), pandas.Timestamp(end - minute)

    return Contestant(
        "exchange_calendars",
        "Apache-2.0",
        Question(due, put_due, lambda found: found.to_pydatetime()),
        Question(theirs.minutes_distance, put_elapsed, lambda found: int(found) * minute),
    )


def pandas_hours(calendar: BusinessCalendar) -> Contestant:
    """An offset added to a timestamp; it subtracts none."""
    pandas = import_module("pandas")
    intervals = next(iter(calendar.hours.values()))

    def offset(budget: Answer) -> object:
        assert isinstance(budget, timedelta)
        return pandas.offsets.CustomBusinessHour(
            n=budget // timedelta(hours=1),
            start=[a for a, _ in intervals],
            end=[b for _, b in intervals],
            weekmask=" ".join(day.title() for day in calendar.hours),
            holidays=calendar.holidays,
        )

    offsets: dict[Answer, object] = {}

    def put(start: datetime, budget: Answer) -> tuple[object, object]:
        if budget not in offsets:
            offsets[budget] = offset(budget)
        return offsets[budget], pandas.Timestamp(start).tz_convert(calendar.timezone)

    due = Question(lambda offset, start: offset + start, put, lambda found: found.to_pydatetime())
    return Contestant("pandas CustomBusinessHour", "BSD-3-Clause", due, None)


def business_duration(calendar: BusinessCalendar) -> Contestant:
    """Durations alone, of wall times, with one opening a day: a lunch break takes two calls."""
    library = import_module("business_duration")
    intervals = next(iter(calendar.hours.values()))
    times = [(time.fromisoformat(a), time.fromisoformat(b)) for a, b in intervals]
    closed = [n for n, day in enumerate(DAYS) if day not in calendar.hours]
    days_off = [date.fromisoformat(day) for day in calendar.holidays]
    zone = ZoneInfo(calendar.timezone)

    def elapsed(start: datetime, end: datetime) -> object:
        return sum(
            library.businessDuration(start, end, opens, closes, closed, days_off, "sec")
            for opens, closes in times
        )

    def put(start: datetime, end: Answer) -> tuple[object, object]:
        assert isinstance(end, datetime)
        return start.astimezone(zone).replace(tzinfo=None), end.astimezone(zone).replace(tzinfo=None)

    question = Question(elapsed, put, lambda seconds: timedelta(seconds=float(seconds)))
    return Contestant("business-duration", "MIT", None, question)


def businesstimedelta(calendar: BusinessCalendar) -> Contestant:
    """Rules for opening and closing, walked from one to the next."""
    library, pytz = import_module("businesstimedelta"), import_module("pytz")
    intervals = next(iter(calendar.hours.values()))
    zone, days = pytz.timezone(calendar.timezone), [DAYS.index(day) for day in calendar.hours]
    rules = [
        library.WorkDayRule(time.fromisoformat(a), time.fromisoformat(b), days, tz=zone) for a, b in intervals
    ]
    if calendar.holidays:
        rules.append(library.HolidayRule(list(map(date.fromisoformat, calendar.holidays)), tz=zone))
    theirs = library.Rules(rules)

    def put_due(start: datetime, budget: Answer) -> tuple[object, object]:
        return library.BusinessTimeDelta(theirs, timedelta=budget), start

    return Contestant(
        "businesstimedelta",
        "MIT",
        Question(lambda budget, start: budget + start, put_due),
        Question(theirs.difference, pair, lambda found: found.timedelta),
    )


PEERS: dict[str, Callable[[BusinessCalendar], Contestant]] = {
    "django-bizcal": django_bizcal,
    "exchange_calendars": exchange_calendars,
    "pandas": pandas_hours,
    "business-duration": business_duration,
    "businesstimedelta": businesstimedelta,
}


def contestants(calendar: BusinessCalendar) -> tuple[list[Contestant], list[str]]:
    """Ourselves first, then every peer that is installed; and the names of those that are not."""
    found, absent = [ours(calendar)], []
    for name, peer in PEERS.items():
        try:
            found.append(peer(calendar))
        except ImportError:
            absent.append(name)
    return found, absent
