"""Two tickets ask the same: one of them ends, and what it asks goes on in the other."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.changes.change import Command, decide
from tickets.application.changes.ended import Absorb, MergeInto
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.ports import Superseded
from tickets.domain.errors import NotFound, Refused, Stale
from tickets.domain.ticket import Change, Ticket


class MergedTickets(Struct, frozen=True):
    """Where both go on, and what changed; nothing when they were one already."""

    survivor: Ticket
    changes: tuple[Change, ...] = ()


async def merge_tickets(
    house: House,
    ticket_id: UUID,
    into: UUID,
    actor: str,
    now: datetime,
    *,
    expected: int | None = None,
    correlation_id: str | None = None,
) -> MergedTickets:
    """End a ticket and go on in another, in the caller's transaction if there is one.

    A ticket that was merged before stands for the one it goes on in, so that merging twice, or both ways at
    once, is merging once. `expected` is the epoch of the one that ends.

    Raises:
        NotFound: no such ticket.
        Stale: it is not at the expected epoch any more.
        Refused: both are one ticket, the other is at rest, or they are of two customers.
        Superseded: somebody else merged them meanwhile; ask again, in a new transaction.
    """
    if ticket_id == into:
        raise Refused("a ticket cannot be merged into itself")
    desk = await house.desks.current()
    async with house.tickets.transaction():
        ending, survivor = await _both(house, ticket_id, into)
        if ending.id == survivor.id:
            return MergedTickets(survivor)
        if expected is not None and ending.epoch != expected:
            raise Stale(ending.epoch)
        _must_fit(ending, survivor)
        ended = await _change(house, desk, ending, MergeInto(survivor.id), actor, now)
        grown = await _change(house, desk, survivor, Absorb(ending), actor, now)
        changes = tuple(replace(change, correlation_id=correlation_id) for change in (ended, grown))
        await house.save(*changes, desk=desk)
    return MergedTickets(grown.after, changes)


async def _both(house: House, ticket_id: UUID, into: UUID) -> tuple[Ticket, Ticket]:
    """Where each of them goes on, locked in the order of their ids."""
    ids = []
    for each in (ticket_id, into):
        found = await house.tickets.survivor(each)
        if found is None:
            raise NotFound(f"there is no ticket {each}")
        ids.append(found)
    held = await house.tickets.lock_these(set(ids))
    if any(ticket.merged_into is not None for ticket in held.values()):
        raise Superseded  # while we waited; more locks now would be out of order
    return held[ids[0]], held[ids[1]]


def _must_fit(ending: Ticket, survivor: Ticket) -> None:
    if not survivor.working:
        raise Refused(f"ticket {survivor.number} is {survivor.status}; merge into one that is at work")
    if ending.customer_id != survivor.customer_id:
        raise Refused(
            f"tickets {ending.number} and {survivor.number} are of two customers; if they are one person, "
            f"merge the customers first, or say whose it is with PUT /v1/tickets/{ending.id}/customer"
        )


async def _change(
    house: House, desk: CompiledDesk, ticket: Ticket, command: Command, actor: str, now: datetime
) -> Change:
    change, escalations = decide(command, await house.scene(ticket, desk, actor, now))
    return house.with_alerts(change, escalations, desk)
