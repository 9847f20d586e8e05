"""A period's tickets on other rules and another roster: who would have been given them, and when.

Everything customers did stays as it was, and every ticket keeps whoever takes it as long as it really did.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import routing
from routing.simulation import Arrival, Shift, Simulation, Turn
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Matcher
from tickets.application.placements.placing import TOGETHER
from tickets.application.placements.stays import Held, Stay

_BEYOND = timedelta(days=1)
"""How far past the period shifts are followed, so that none seems to end with it."""


class Course(NamedTuple):
    """How one ticket went: its team, when an agent first had it, a human replied, and who held it when.

    `waited_until` is when it was assigned, or left without an agent; None while it still waits.
    """

    stay: Stay
    team: str | None
    assigned_at: datetime | None
    waited_until: datetime | None
    replied_at: datetime | None
    held: Sequence[Held]


class World:
    """The tickets of [start, end) on the rules and the roster of a desk, simulated little by little.

    `matcher` is the desk's unless it is another.
    """

    def __init__(
        self,
        stays: Sequence[Stay],
        desk: CompiledDesk,
        start: datetime,
        end: datetime,
        now: datetime,
        matcher: Matcher | None = None,
    ) -> None:
        self.desk = desk
        self._stays = stays
        self._teams = {str(stay.id): _team(stay, desk) for stay in stays}
        self._turns: dict[str, Turn] = {}
        simulation = Simulation(
            list(desk.desk.agents.values()),
            desk.rules,
            list(desk.desk.regions.values()),
            _shifts(desk, start, end),
            wind_down=routing.duration(desk.desk.wind_down),
            matcher=matcher or desk.desk.matcher,
            together=TOGETHER,
        )
        works = _works(stays, now)
        simulation.add(_arrival(stay, self._teams[str(stay.id)], works[stay.id]) for stay in stays)
        self._coming = simulation.run(end)

    def advance(self, turns: int) -> bool:
        """Let at most so many tickets find an agent, or leave; False once the period is over."""
        some = {turn.ticket: turn for turn in islice(self._coming, turns)}
        self._turns.update(some)
        return bool(some)

    def courses(self) -> Iterator[Course]:
        """How every ticket went, in the order they were handed in."""
        for stay in self._stays:
            key = str(stay.id)
            turn = self._turns.get(key)
            held: tuple[Held, ...] = ()
            if turn is not None and turn.agent is not None and turn.assigned_at is not None:
                held = (Held(turn.agent, turn.assigned_at, turn.until),)
            at = held[0].since if held else None
            left = turn.until if turn is not None else None
            yield Course(stay, self._teams[key], at, at or left, _replied(stay, at), held)


def really(stays: Iterable[Stay]) -> Iterator[Course]:
    """How every ticket really went."""
    for stay in stays:
        at = stay.assigned_at
        yield Course(stay, stay.team, at, at or stay.left_at, stay.replied_at, stay.held)


def _replied(stay: Stay, assigned_at: datetime | None) -> datetime | None:
    """When a human would have replied: as long after the assignment as really; else when somebody really did.

    Who replied without having the ticket would have replied all the same.
    """
    if stay.replied_at is None or stay.assigned_at is None or stay.replied_at < stay.assigned_at:
        return stay.replied_at
    return None if assigned_at is None else assigned_at + (stay.replied_at - stay.assigned_at)


def _team(stay: Stay, desk: CompiledDesk) -> str | None:
    if stay.given_team is not None:
        return stay.given_team
    rule = desk.match_rule(_facts(stay))
    return stay.team if rule is None else rule.team


def _facts(stay: Stay) -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in stay.facts.items()}


def _arrival(stay: Stay, team: str | None, work: timedelta) -> Arrival:
    ticket = routing.Waiting(
        id=str(stay.id),
        facts=_facts(stay) | ({} if team is None else {"team": frozenset((team,))}),
        priority=stay.priority,
        waiting_since=stay.opened_at,
        breach_at=stay.breach_at,
        weight=stay.units,
    )
    return Arrival(ticket=ticket, work=work, leaves_at=stay.left_at)


def _works(stays: Iterable[Stay], now: datetime) -> Mapping[UUID, timedelta]:
    """How long each keeps its agent: as it did, or the mean of its team where it is not finished yet.

    What has already taken longer than the mean takes what it has; without any mean, too.
    """
    works = {stay.id: stay.work(now) for stay in stays}
    known: dict[str | None, list[timedelta]] = {}
    for stay in stays:
        if stay.finished:
            known.setdefault(stay.team, []).append(works[stay.id])
    means = {team: sum(found, timedelta()) / len(found) for team, found in known.items()}
    every = [work for found in known.values() for work in found]
    mean = sum(every, timedelta()) / len(every) if every else timedelta()
    return {
        stay.id: works[stay.id] if stay.finished else max(works[stay.id], means.get(stay.team, mean))
        for stay in stays
    }


def _shifts(desk: CompiledDesk, start: datetime, end: datetime) -> dict[str, list[Shift]]:
    """When agents who have a shift are there. One calendar is read once, however many work by it."""
    periods: dict[str, list[Shift]] = {}
    found: dict[str, list[Shift]] = {}
    for agent, key in desk.shifts.of.items():
        calendar = desk.shifts.calendar(agent)
        if key not in periods and calendar is not None:
            periods[key] = [(each.start, each.end) for each in calendar.open_periods(start, end + _BEYOND)]
        found[agent] = periods[key]
    return found
