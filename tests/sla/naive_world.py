"""A stretch of time cut into steps, and which of them each calendar has open: by looking, not by sums."""

from datetime import datetime, timedelta
from functools import cached_property

from tests.sla import naive_calendar

from sla import BusinessCalendar, parse_budget

DAY = timedelta(days=1)


class NaiveWorld:
    """Every edge of the calendars, and every instant anything happens at, must fall on steps.

    `look` is how far apart the calendars have to be looked at: their edges may be coarser than the steps.
    """

    def __init__(
        self,
        start: datetime,
        step: timedelta,
        steps: int,
        calendars: dict[str, BusinessCalendar],
        look: timedelta,
    ) -> None:
        self.start, self.step, self.steps, self.calendars, self.look = start, step, steps, calendars, look

    def at(self, n: int) -> datetime:
        return self.start + n * self.step

    def index(self, at: datetime) -> int:
        """The first step that does not begin before `at`."""
        return -((self.start - at) // self.step)

    @cached_property
    def open(self) -> dict[str, bytes]:
        """Per calendar one byte a step, for long after the world has ended: days may lead there."""
        fold = self.look // self.step
        looks = range((self.steps * self.step + 8 * DAY) // self.look)
        return {
            key: b"".join(
                bytes([naive_calendar.is_open(calendar, self.start + n * self.look)]) * fold for n in looks
            )
            for key, calendar in self.calendars.items()
        }

    def allowed(self, calendar: str, n: int, text: str) -> timedelta:
        """A budget as open time, from step `n` on."""
        budget = parse_budget(text)
        if not budget.days:
            return budget.time
        until = self.index(naive_calendar.days_from(self.calendars[calendar], self.at(n), budget.days))
        return sum(self.open[calendar][n:until]) * self.step + budget.time

    def due(self, calendar: str, n: int, rest: timedelta) -> datetime:
        """The start of the first open step from `n` on that would be one too many."""
        while (n := self.open[calendar].find(1, n)) >= 0:
            if not rest:
                return self.at(n)
            rest -= self.step
            n += 1
        return datetime.max.replace(tzinfo=self.start.tzinfo)
