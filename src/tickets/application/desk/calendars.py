"""Business calendars of the desk: opening hours under a key, and where their holidays come from."""

from datetime import date
from functools import cache, cached_property
from typing import Annotated

import holidays
from msgspec import Meta, Struct

import sla
from sla.business_calendar import Pairs
from tickets.application.desk.holiday_events import event_dates

FIRST_YEAR, LAST_YEAR = 2015, 2040
"""Years for which holidays are filled in where the desk says nothing else."""

Year = Annotated[int, Meta(ge=1990, le=2100)]


class HolidaysOf(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose public holidays: of a `country` (ISO 3166-1), perhaps of a `subdivision` of it (ISO 3166-2)."""

    country: str
    subdivision: str | None = None
    first_year: Year = FIRST_YEAR
    last_year: Year = LAST_YEAR

    def dates(self) -> tuple[str, ...]:
        """The dates, in order, substitutes for holidays on a weekend included.

        Raises:
            ValueError: the `holidays` library does not know the country or the subdivision.
        """
        return _dates(self.country, self.subdivision, self.first_year, self.last_year)


class NamedCalendar(Struct, frozen=True, dict=True, kw_only=True, forbid_unknown_fields=True):
    """An `sla.BusinessCalendar` under a key, its fields inline.

    `holidays_of` (`VN` is short for `{country: VN}`) adds public holidays to `holidays`, `icalendar` the days
    of the all-day events of an iCalendar, given as its text. Both are found when the desk is applied and kept
    in `public_holidays` and `event_holidays`, so that a later release of a library changes nothing by itself:
    the next apply shows what it would change.

    Raises:
        sla.CalendarError: every fault at once, with pointers.
    """

    key: str
    name: str = ""
    timezone: str = "UTC"
    hours: dict[str, Pairs] = {}
    holidays: list[str] = []
    holidays_of: str | HolidaysOf | None = None
    icalendar: str = ""
    special_days: dict[str, Pairs] = {}
    breaks: dict[str, Pairs] = {}
    always_open: bool = False
    public_holidays: tuple[str, ...] = ()
    event_holidays: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        sources = {"/holidays_of": self.holidays_of, "/icalendar": self.icalendar}
        if self.always_open and any(sources.values()):
            raise sla.CalendarError(
                *(sla.Fault(at, "says nothing when always_open") for at, source in sources.items() if source)
            )
        _ = self.business_calendar

    @cached_property
    def business_calendar(self) -> sla.BusinessCalendar:
        """The calendar as `sla` knows it, holidays from wherever among its own.

        A special day of the calendar overrules a holiday that was found, though not one it has itself.
        """
        found = (day for day in (*self.public_holidays, *self.event_holidays) if day not in self.special_days)
        return sla.BusinessCalendar(
            timezone=self.timezone,
            hours=self.hours,
            holidays=list(dict.fromkeys((*self.holidays, *found))),
            special_days=self.special_days,
            breaks=self.breaks,
            always_open=self.always_open,
        )


def public_holidays(source: str | HolidaysOf | None) -> tuple[str, ...]:
    """The dates that `holidays_of` asks for.

    Raises:
        ValueError: the `holidays` library does not know the country or the subdivision.
    """
    if source is None:
        return ()
    return (HolidaysOf(country=source) if isinstance(source, str) else source).dates()


def event_holidays(icalendar: str) -> tuple[str, ...]:
    """The dates that the events of an iCalendar cover.

    Raises:
        ValueError: not an iCalendar of all-day events.
    """
    if not icalendar:
        return ()
    return event_dates(icalendar, date(FIRST_YEAR, 1, 1), date(LAST_YEAR, 12, 31))


@cache
def _dates(country: str, subdivision: str | None, first: int, last: int) -> tuple[str, ...]:
    supported = holidays.list_supported_countries()
    if country not in supported:
        raise ValueError(f"no public holidays are known for country {country!r}")
    if subdivision is not None and subdivision not in supported[country]:
        raise ValueError(f"no public holidays are known for subdivision {subdivision!r} of {country}")
    days = holidays.country_holidays(country, subdiv=subdivision, years=range(first, last + 1))
    return tuple(sorted(day.isoformat() for day in days))
