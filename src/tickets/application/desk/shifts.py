"""When agents work: whose shift is which calendar, until when it is open, when the next one begins."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sla import BusinessCalendar
from tickets.application.desk.model import Agent, Team

HORIZON = timedelta(days=15)
"""How far ahead a shift's beginning or end is looked for; one further away is found by looking again."""


class Shifts:
    """The calendar of every agent who has one: their own, or that of the first of their teams to have one.

    `always_open` is a shift that never ends: it frees an agent from the team's.
    """

    def __init__(
        self,
        agents: Iterable[Agent],
        teams: Mapping[str, Team],
        calendars: Mapping[str, BusinessCalendar],
    ) -> None:
        found = {agent.key: _shift(agent, teams) for agent in agents}
        self.of = {agent: key for agent, key in found.items() if key in calendars}
        self._calendars = {key: calendars[key] for key in sorted({*self.of.values()})}

    def calendar(self, agent: str) -> BusinessCalendar | None:
        """The calendar an agent works in; None for one who has no shift."""
        key = self.of.get(agent)
        return None if key is None else self._calendars[key]

    def open_until(self, now: datetime) -> dict[str, datetime | None]:
        """By agent who has a shift: when it ends, None outside it. Agents without one are left out."""
        ends = {key: _around(calendar, now)[0] for key, calendar in self._calendars.items()}
        return {agent: ends[key] for agent, key in self.of.items()}

    def off(self, now: datetime) -> frozenset[str]:
        """The agents who have a shift and are outside it."""
        return frozenset(agent for agent, ends in self.open_until(now).items() if ends is None)

    def worked(self, agent: str, start: datetime, end: datetime) -> timedelta:
        """How much of a period lies in the agent's shift; all of it where they have none."""
        if agent not in self.of:
            return end - start
        periods = self._calendars[self.of[agent]].open_periods(start, end)
        return sum((period.end - period.start for period in periods), timedelta())

    def next_begin(self, now: datetime) -> datetime | None:
        """When a shift next begins, if one does within `HORIZON`."""
        begins = (_around(calendar, now)[1] for calendar in self._calendars.values())
        return min((begin for begin in begins if begin is not None), default=None)


def _shift(agent: Agent, teams: Mapping[str, Team]) -> str:
    shifts = (agent.shift, *(teams[team].shift for team in agent.teams if team in teams))
    return next((shift for shift in shifts if shift is not None), "")


def _around(calendar: BusinessCalendar, now: datetime) -> tuple[datetime | None, datetime | None]:
    """When the period open now ends, if one is, and when the next begins."""
    ends: datetime | None = None
    for period in calendar.open_periods(now, now + HORIZON):
        if period.start > now:
            return ends, period.start
        ends = period.end
    return ends, None
