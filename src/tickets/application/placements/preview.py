"""To whom a ticket that does not exist would be given."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.placements.explaining import DecisionView, decided
from tickets.application.ports import AgentState
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant


class Placed(Struct, frozen=True, kw_only=True):
    """The decision as of now on a ticket that waits since `waiting_since`, next promised for `due_at`."""

    as_of: Instant
    waiting_since: Instant
    due_at: Instant | None
    team: str | None
    rule: str | None
    decision: DecisionView


def preview(ticket: Ticket, desk: CompiledDesk, states: Sequence[AgentState], now: datetime) -> Placed:
    """What routing would say of `ticket`, opened as a real one is, on a roster of agents in these states."""
    if ticket.team is None:
        ticket = facts.choose_team(ticket, desk)
    ticket = replace(ticket, waiting_since=ticket.opened_at)
    opened = facts.opened(ticket, facts.pin_terms(ticket, desk), ticket.opened_at).ticket
    return Placed(
        as_of=now,
        waiting_since=ticket.opened_at,
        due_at=opened.due_at,
        team=ticket.team,
        rule=ticket.rule,
        decision=decided(opened, desk, states, now),
    )
