"""Somebody tells what happened earlier: promises become what they should have been, on the record."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from tickets.application.house import House
from tickets.application.promises.history import Line, first_terms
from tickets.application.promises.late_facts import LateFact, amendment
from tickets.domain.ticket import Change


class Histories(Protocol):
    """Where histories are read."""

    async def history(self, ticket: UUID) -> list[Line]:
        """A ticket's whole history, in the order it was written."""


async def tell_late(
    house: House,
    histories: Histories,
    ticket_id: UUID,
    fact: LateFact,
    actor: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> Change:
    """Put a fact into its place in a ticket's history, also of one that is closed.

    Raises:
        NotFound: no such ticket.
        Stale: the ticket is not at the expected epoch any more.
        Refused: the fact lies in the future, or before the ticket was opened.
    """
    desk = await house.desks.current()
    async with house.tickets.transaction():
        ticket = await house.held(ticket_id, expected)
        lines = await histories.history(ticket_id)
        first = await house.terms(first_terms(ticket, lines))
        amended = amendment(ticket, lines, first, await house.pinned(ticket), fact, actor, now)
        change = Change(
            before=ticket,
            after=amended.ticket.moved_on(now),
            now=now,
            happened=amended.happened,
            correlation_id=correlation_id,
        )
        change = house.with_alerts(change, amended.escalations, desk)
        for level in amended.withdrawn:
            await house.tickets.withdraw_alerts(ticket_id, *level, now)
        await house.save(change, desk=desk)
    return change
