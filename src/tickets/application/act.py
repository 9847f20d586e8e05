"""Somebody does something to a ticket: reply, note, status, priority, assign, solve, reopen."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application.change import Assign, Command, decide
from tickets.application.house import ATTEMPTS, Desk, House
from tickets.application.ports import Superseded
from tickets.domain.errors import NotFound, Refused, Stale
from tickets.domain.ticket import Ticket


async def act(
    house: House,
    ticket_id: UUID,
    command: Command,
    actor: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> Ticket:
    """Carry out one command; the ticket afterwards. `expected` is the epoch the caller decided on, if any.

    Raises:
        NotFound: no such ticket, or no such agent.
        Stale: the ticket is not at the expected epoch any more.
        Refused: the ticket, or the agent, cannot take it.
    """
    for attempt in range(ATTEMPTS):
        try:
            return await _once(house, ticket_id, command, actor, now, expected, correlation_id)
        except Superseded:
            if attempt == ATTEMPTS - 1:
                raise
    raise Superseded


async def _once(
    house: House,
    ticket_id: UUID,
    command: Command,
    actor: str,
    now: datetime,
    expected: int | None,
    correlation_id: str | None,
) -> Ticket:
    desk = await house.desks.current()
    async with house.tickets.transaction():
        ticket = await house.tickets.lock(ticket_id)
        if ticket is None:
            raise NotFound(f"there is no ticket {ticket_id}")
        if expected is not None and ticket.epoch != expected:
            raise Stale(ticket.epoch)
        scene = await house.scene(ticket, desk, actor, now)
        change, escalations = decide(command, scene)
        if not change.happened:
            return ticket
        if isinstance(command, Assign):
            await _take(house, desk, command, ticket, now)
        change = house.with_alerts(replace(change, correlation_id=correlation_id), escalations, desk)
        await house.save(change, desk)
    house.observer.changed(change)
    return change.after


async def _take(house: House, desk: Desk, command: Assign, ticket: Ticket, now: datetime) -> None:
    """Take the agent's capacity, or refuse: law 11 holds for people who assign by hand too."""
    if command.agent is None:
        return
    capacity = desk.capacity(command.agent)
    if capacity is None:
        raise NotFound(f"there is no agent {command.agent}")
    taken = await house.tickets.take_capacity([(command.agent, ticket.units, capacity)], now)
    if not taken:
        raise Refused(f"agent {command.agent} is not online or has no capacity left")
