"""How many agents their shifts put to work in each hour of the week."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Agent

HOURS = 168
"""Hours of a week; they count from Monday, 00:00."""

_HOUR = timedelta(hours=1)


class Scheduled:
    """The shifts of a desk, looked at over the dates [first, last) of a zone.

    Who has no shift is always there. Leaves are not looked at: only the next one of an agent is known.
    """

    def __init__(self, desk: CompiledDesk, first: date, last: date, zone: ZoneInfo) -> None:
        self._shifts = desk.shifts
        self._zone = zone
        self._start, self._end = (
            datetime.combine(day, time(), zone).astimezone(UTC) for day in (first, last)
        )
        self._shares: dict[str, Sequence[float]] = {}

    def of(self, agents: Iterable[Agent]) -> Sequence[float]:
        """How many of these are in their shift, in the mean, by hour of the week."""
        found = [0.0] * HOURS
        for agent in agents:
            for hour, share in enumerate(self._share(agent.key)):
                found[hour] += share
        return found

    def _share(self, agent: str) -> Sequence[float]:
        """Which part of each hour of the week the agent works; one calendar is read once."""
        key, calendar = self._shifts.of.get(agent), self._shifts.calendar(agent)
        if key is None or calendar is None:
            return [1.0] * HOURS
        if key not in self._shares:
            periods = calendar.open_periods(self._start, self._end)
            open_for = self._by_hour((period.start, period.end) for period in periods)
            self._shares[key] = [
                open_for.get(hour, 0.0) / lasted if (lasted := self._lasted.get(hour)) else 0.0
                for hour in range(HOURS)
            ]
        return self._shares[key]

    @cached_property
    def _lasted(self) -> Mapping[int, float]:
        """How long each hour of the week was there at all: a clock put forward leaves one out."""
        return self._by_hour([(self._start, self._end)])

    def _by_hour(self, periods: Iterable[tuple[datetime, datetime]]) -> Mapping[int, float]:
        """Seconds of the periods that lie in each hour of the week."""
        found: dict[int, float] = {}
        for start, end in periods:
            at = start
            while at < end:
                local = at.astimezone(self._zone)
                begun = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
                until = min(end, at + _HOUR - begun)
                hour = local.weekday() * 24 + local.hour
                found[hour] = found.get(hour, 0.0) + (until - at).total_seconds()
                at = until
        return found
