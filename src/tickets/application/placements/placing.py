"""The seam to `routing`: waiting tickets in, its decisions out, in our words."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

import routing
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import facts_of
from tickets.application.placements.availability import roster_at
from tickets.application.placements.offers import excluded
from tickets.application.ports import AgentState
from tickets.domain.ticket import Ticket

KnownAgents = Mapping[UUID, str]
"""By customer, the agent who had them last."""

TOGETHER = 200
"""As many tickets are placed together."""

NOBODY_KNOWN: KnownAgents = MappingProxyType({})

_encode = msgspec.json.Encoder().encode


class Placement(Struct, frozen=True, kw_only=True):
    """Where routing puts a waiting ticket, and why: `explanation` is the whole decision as JSON."""

    ticket: str
    agent: str | None
    assigned_at: datetime | None
    outcome: str
    reason: str
    explanation: Raw
    look_again_at: datetime | None
    decision: routing.Decision


def place(
    waiting: Sequence[Ticket],
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
    known: KnownAgents = NOBODY_KNOWN,
) -> list[Placement]:
    """Ask routing about waiting tickets, in the desk's way; the most urgent chooses first.

    `known` is who had which customer.
    """
    roster, asked = asking(waiting, desk, states, now, known)
    shift = desk.shifts.next_begin(now)
    decisions = routing.route(asked, roster, desk.rules, now, matcher=desk.desk.matcher)
    return [_placement(decision, shift) for decision in decisions]


def pull(
    agent: str,
    waiting: Sequence[Ticket],
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
    known: KnownAgents = NOBODY_KNOWN,
) -> Placement | None:
    """The most urgent of these that this agent may take, or None."""
    roster, asked = asking(waiting, desk, states, now, known)
    decision = routing.pull(agent, asked, roster, desk.rules, now)
    return None if decision is None else _placement(decision)


def asking(
    waiting: Sequence[Ticket],
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
    known: KnownAgents = NOBODY_KNOWN,
) -> tuple[routing.Roster, list[routing.Waiting]]:
    """What routing is asked with."""
    roster = roster_at(desk, states, now)
    return roster, [_waiting(ticket, desk, now, known) for ticket in waiting]


def _placement(decision: routing.Decision, shift: datetime | None = None) -> Placement:
    instants = [each for each in (decision.next_relaxation_at, shift) if each is not None]
    return Placement(
        ticket=decision.ticket,
        agent=decision.agent if decision.outcome == "assigned" else None,
        assigned_at=decision.assigned_at,
        outcome=decision.outcome,
        reason=decision.reason,
        explanation=Raw(_encode(decision)),
        look_again_at=min(instants, default=None),
        decision=decision,
    )


def _waiting(ticket: Ticket, desk: CompiledDesk, now: datetime, known: KnownAgents) -> routing.Waiting:
    return routing.Waiting(
        id=str(ticket.id),
        facts=dict(facts_of(ticket, desk)),
        priority=ticket.priority,
        waiting_since=ticket.waiting_since or now,
        breach_at=ticket.due_at,
        weight=ticket.units,
        excluded=excluded(ticket),
        sticky=ticket.last_agent or known.get(ticket.customer_id),
    )
