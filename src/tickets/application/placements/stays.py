"""What routing had to do with a ticket, read off its history: when it came, who held it, for how long."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

import sla
from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import Pinned
from tickets.application.promises.history import Line, signals_of
from tickets.application.promises.supposing import as_opened
from tickets.domain.ticket import Ticket
from tickets.domain.words import WORKING, Instant, Priority


class Held(Struct, frozen=True, array_like=True):
    """An agent held the ticket, until `until`; None for still."""

    agent: str
    since: Instant
    until: Instant | None


class Stay(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket as routing met it: the facts it was opened with, and what became of it.

    `facts` lack the team; `given_team` is one that no rule chose. `breach_at` is the first due instant of its
    promises, `assignment_due` and `response_due` those of two of them, as promised when it was opened.
    `replied_at` is the first reply of a human. It `left_at` without an agent: solved before anybody had it.
    """

    id: UUID
    facts: dict[str, list[str]]
    priority: Priority
    units: int
    team: str | None = None
    given_team: str | None = None
    opened_at: Instant
    breach_at: Instant | None = None
    assignment_due: Instant | None = None
    response_due: Instant | None = None
    replied_at: Instant | None = None
    left_at: Instant | None = None
    held: tuple[Held, ...] = ()

    @property
    def assigned_at(self) -> datetime | None:
        """When an agent first had it."""
        return self.held[0].since if self.held else None

    def work(self, now: datetime) -> timedelta:
        """How long agents had it until `now`, all of them together."""
        return sum(
            (max((each.until or now) - each.since, timedelta(0)) for each in self.held),
            timedelta(0),
        )

    @property
    def finished(self) -> bool:
        """Whether an agent had it and nobody has it any more."""
        return bool(self.held) and self.held[-1].until is not None


class _Agent(Struct, frozen=True):
    agent: str


_agent = msgspec.json.Decoder(_Agent).decode


class _Deeds(NamedTuple):
    held: tuple[Held, ...]
    replied_at: datetime | None
    left_at: datetime | None


def stay_of(ticket: Ticket, lines: Sequence[Line], first: Pinned, desk: CompiledDesk) -> Stay:
    """A ticket's stay.

    Args:
        ticket: as it is now.
        lines: its whole history.
        first: the terms it began on.
        desk: the one whose rules give a ticket its team, to tell whether one did.
    """
    opened = as_opened(ticket, lines)
    teamless = replace(opened, team=None)
    asked = facts.facts_of(teamless, desk)
    rule = desk.match_rule(asked)
    by_rule = ticket.rule is not None or (rule is not None and rule.team == opened.team)
    promised = facts.opened(replace(opened, status="new"), first, ticket.opened_at).ticket
    due = facts.due_instants(promised)
    deeds = _deeds(lines)
    return Stay(
        id=ticket.id,
        facts={name: sorted(values) for name, values in asked.items()},
        priority=opened.priority,
        units=ticket.units,
        team=opened.team,
        given_team=None if by_rule else opened.team,
        opened_at=ticket.opened_at,
        breach_at=promised.due_at,
        assignment_due=due.get("assignment"),
        response_due=due.get("first_response"),
        replied_at=deeds.replied_at,
        left_at=deeds.left_at,
        held=deeds.held,
    )


def _deeds(lines: Sequence[Line]) -> _Deeds:
    held: list[Held] = []
    replied_at = left_at = None
    for at, agent, signal in _told(lines):
        if held and held[-1].until is None and (agent is not None or _ends(signal)):
            held[-1] = Held(held[-1].agent, held[-1].since, at)
        if agent is not None:
            held.append(Held(agent, at, None))
        elif isinstance(signal, sla.AgentReplied | sla.CallAnswered):
            replied_at = replied_at or at
        elif not held and left_at is None and _ends(signal) and not isinstance(signal, sla.Unassigned):
            left_at = at
    return _Deeds(tuple(held), replied_at, left_at)


def _told(lines: Sequence[Line]) -> Iterator[tuple[datetime, str | None, sla.Signal | None]]:
    """Each instant at which it was assigned (to whom), or the engine was told anything."""
    for line in lines:
        if line.type == "assigned":
            yield line.occurred_at, _agent(line.data).agent, None
        elif line.signal is not None:
            signal = next(signals_of([line]))
            yield signal.at, None, signal


def _ends(signal: sla.Signal | None) -> bool:
    """Whether nobody holds the ticket after that."""
    if isinstance(signal, sla.StatusChanged):
        return signal.status not in WORKING
    return isinstance(signal, sla.Unassigned | sla.Solved | sla.Closed | sla.Cancelled)
