"""Business calendars: when time counts."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache

import msgspec
from msgspec import Struct

from sla.budget import ZERO, Budget, parse_budget
from sla.errors import BudgetError, CalendarError, Fault, InstantError
from sla.opening_hours import WEEKDAYS, read_opening_hours
from sla.periods import Period
from sla.timeline import Timeline

Pairs = list[list[str]]
"""Opening intervals of one day: `[["08:00", "12:00"], ["13:00", "17:30"]]`."""


class BusinessCalendar(Struct, frozen=True, dict=True, forbid_unknown_fields=True, omit_defaults=True):
    """Weekly opening hours with their exceptions, in one time zone; or always open.

    Times are `HH:MM` or `HH:MM:SS` local wall time. An interval whose end is not after its start runs past
    midnight; `24:00` may end one. An interval belongs to the date it starts on.

    Attributes:
        timezone: IANA name. It matters to `always_open` too: a day ends at the same wall time, not 24 hours
            later.
        hours: per weekday (`mon` … `sun`) its intervals; a weekday left out is closed.
        holidays: dates (`2026-09-02`) on which nothing starts.
        special_days: dates whose intervals replace those of their weekday; an empty list closes the date.
        breaks: wall time of a date taken out, whichever interval covers it.
        always_open: every instant counts; the rest must then be empty.

    Raises:
        CalendarError: every fault at once, with pointers.
    """

    timezone: str = "UTC"
    hours: dict[str, Pairs] = {}
    holidays: list[str] = []
    special_days: dict[str, Pairs] = {}
    breaks: dict[str, Pairs] = {}
    always_open: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        _ = self._timeline

    @cached_property
    def _timeline(self) -> Timeline:
        return _timeline(msgspec.json.encode(self))

    def due(self, start: datetime, budget: Budget | str | timedelta) -> datetime:
        """Return the last instant at which the time used since `start` is within the budget (aware UTC).

        A budget that ends exactly at closing is due at the next opening. Days come first: the same wall time
        so many open days later (the next opening when that is closed), then the time.

        Raises:
            BudgetError: a malformed or negative budget.
            InstantError: naive `start`, or nothing opens within 200 years or before the year 9999.
        """
        if start.tzinfo is not UTC:
            start = _utc(start)
        if not isinstance(budget, timedelta):
            budget = parse_budget(budget) if isinstance(budget, str) else budget
            if budget.days:
                start = self._timeline.days_from(start, budget.days)
            budget = budget.time
        if budget < ZERO:
            raise BudgetError(Fault("", "a budget cannot be negative"))
        return _moved(start, budget) if self.always_open else self._timeline.due(start, budget)

    def due_many(self, starts: Iterable[datetime], budget: Budget | str | timedelta) -> list[datetime]:
        """Return `due` of every start, in their order: for a million at once, at half the price.

        Raises:
            BudgetError: a malformed or negative budget.
            InstantError: as for `due`, for any start.
        """
        utc = [start if start.tzinfo is UTC else _utc(start) for start in starts]
        budget = _budget(budget)
        if budget.days:
            utc = [self._timeline.days_from(start, budget.days) for start in utc]
        if self.always_open:
            return [_moved(start, budget.time) for start in utc]
        return self._timeline.due_many(utc, budget.time)

    def before(self, due: datetime, lead: Budget | str | timedelta) -> datetime:
        """Return the instant `lead` of open time before `due`, counted backwards (aware UTC).

        No lead gives `due` itself, or the closing before it when it is closed then.

        Raises:
            BudgetError: a malformed or negative lead.
            InstantError: naive `due`, or nothing was open within 200 years or since the year 1.
        """
        due, lead = _utc(due), _budget(lead)
        if lead.days:
            due = self._timeline.days_from(due, -lead.days)
        return _moved(due, -lead.time) if self.always_open else self._timeline.before(due, lead.time)

    def elapsed(self, start: datetime, end: datetime) -> timedelta:
        """Return the open time in [start, end); negative when `end` is before `start`.

        Raises:
            InstantError: a naive instant, or two more than 200 years apart.
        """
        if start.tzinfo is not UTC:
            start = _utc(start)
        if end.tzinfo is not UTC:
            end = _utc(end)
        return end - start if self.always_open else self._timeline.elapsed(start, end)

    def is_open(self, at: datetime) -> bool:
        """Tell whether the wall time of `at` lies in an opening interval.

        Raises:
            InstantError: a naive instant.
        """
        at = _utc(at)
        return self.always_open or self._timeline.is_open(at)

    def open_periods(self, start: datetime, end: datetime) -> Iterator[Period]:
        """Yield the open periods of [start, end) in order, clipped, touching ones made one.

        Raises:
            InstantError: a naive instant, or two more than 200 years apart.
        """
        start, end = _utc(start), _utc(end)
        if self.always_open:
            return iter([Period(start, end)] if start < end else [])
        return self._timeline.periods(start, end)


@lru_cache(maxsize=1024)
def _timeline(encoded: bytes) -> Timeline:
    """Check a calendar and make its timeline; equal calendars share one, so that it stays warm."""
    fields = msgspec.json.decode(encoded)
    always_open = fields.pop("always_open", False)
    if always_open:
        faults = [Fault(f"/{name}", "says nothing when always_open") for name in fields if name != "timezone"]
        if faults:
            raise CalendarError(*faults)
    week = {day: [["00:00", "24:00"]] for day in WEEKDAYS} if always_open else fields.get("hours", {})
    return Timeline(
        read_opening_hours(
            fields.get("timezone", "UTC"),
            week,
            fields.get("holidays", ()),
            fields.get("special_days", {}),
            fields.get("breaks", {}),
        )
    )


def _utc(at: datetime) -> datetime:
    """Return the instant in UTC; the hot paths ask only for one that is not."""
    if at.utcoffset() is None:
        raise InstantError(Fault("", f"{at.isoformat()} has no zone"))
    return at.astimezone(UTC)


def _budget(given: Budget | str | timedelta) -> Budget:
    if isinstance(given, str):
        return parse_budget(given)
    return given if isinstance(given, Budget) else Budget(time=given)


def _moved(at: datetime, by: timedelta) -> datetime:
    try:
        return at + by
    except OverflowError:
        raise InstantError(Fault("", "beyond the end of time")) from None
