"""Two customers are one person; and taking that back."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.customers.keep import Customers, filled, without
from tickets.application.ports import Superseded
from tickets.domain.customer import CustomerRecord, Merge, Moved
from tickets.domain.errors import NotFound, Refused
from tickets.domain.ticket import Change


class Merged(Struct, frozen=True):
    """Who is left, and the tickets that changed promises with it."""

    survivor: UUID
    changes: tuple[Change, ...] = ()


async def merge(customers: Customers, into: UUID, other: UUID, actor: str, now: datetime) -> Merged:
    """Make two customers one: the first lives on, with the tickets and identities of both.

    Whoever was merged before stands for the one they live on in, so that merging twice, or both ways at once,
    is merging once.

    Raises:
        NotFound: no such customer.
        Refused: both are the same customer, or one of them was erased.
        Superseded: somebody else merged them meanwhile; ask again, in a new transaction.
    """
    if into == other:
        raise Refused("a customer cannot be merged with themselves")
    async with customers.store.transaction():
        pair = await _both(customers, into, other)
        if len(pair) == 1:
            return Merged(pair[0].id)
        return await _join(customers, pair[0], pair[1], actor, now)


async def _both(customers: Customers, into: UUID, other: UUID) -> list[CustomerRecord]:
    """The survivors of both, locked in the order of their ids; one if they are one already."""
    survivors = [await _survivor(customers, each) for each in (into, other)]
    held = {each.id: each for each in await customers.store.lock(set(survivors))}
    pair = [held[each] for each in dict.fromkeys(survivors)]
    for each in pair:
        if each.merged_into is not None:  # while we waited; more locks now would be out of order
            raise Superseded
        if each.erased_at is not None:
            raise Refused(f"customer {each.id} was erased at {each.erased_at.isoformat()}")
    return pair


async def _survivor(customers: Customers, customer: UUID) -> UUID:
    found = await customers.store.survivor(customer)
    if found is None:
        raise NotFound(f"there is no customer {customer}")
    return found


async def _join(
    customers: Customers, survivor: CustomerRecord, other: CustomerRecord, actor: str, now: datetime
) -> Merged:
    store, learnt = customers.store, filled(survivor, other)
    after = replace(survivor, **learnt)
    await store.write(after)
    await store.write(other)  # its ETag moves too
    own = [] if (after.tier, after.segment) == (survivor.tier, survivor.segment) else [survivor.id]
    changes: list[Change] = []
    moved: list[UUID] = []
    for each in sorted([other.id, *own]):
        working = await store.lock_working(each)
        changes += await customers.hand_over(working, after.customer, actor, now, gone=other.id)
        if each == other.id:
            moved += [ticket.id for ticket in working]
    moved += await store.move_rest(other.id, survivor.id, None, actor, now)
    identities = await store.move_identities(other.id, survivor.id)
    kept = Moved(tickets=tuple(moved), identities=tuple(identities), filled=learnt)
    await store.merged(Merge(customers.house.new_id(), survivor.id, other.id, kept), actor, now)
    return Merged(survivor.id, tuple(changes))


async def split(customers: Customers, into: UUID, other: UUID, actor: str, now: datetime) -> Merged:
    """Undo a merge: exactly what it moved moves back, unless it was moved on since. Doing it twice is fine.

    Raises:
        NotFound: no such customer.
        Refused: the other is not merged into this one, or this one was merged on or erased meanwhile.
    """
    store = customers.store
    async with store.transaction():
        held = {each.id: each for each in await store.lock({into, other})}
        for each in (into, other):
            if each not in held:
                raise NotFound(f"there is no customer {each}")
        survivor, back = held[into], held[other]
        standing = await store.standing_merge(other)
        if standing is None and await store.ever_merged(into, other):
            return Merged(into)
        if standing is None or standing.into_id != into:
            raise Refused(f"customer {other} is not merged into {into}")
        await customers.living(into)  # merged on: that has to be split first
        return await _part(customers, survivor, back, standing, actor, now)


async def _part(
    customers: Customers,
    survivor: CustomerRecord,
    back: CustomerRecord,
    standing: Merge,
    actor: str,
    now: datetime,
) -> Merged:
    store, moved = customers.store, standing.moved
    after = without(survivor, moved.filled)
    await store.write(after)
    await store.write(back)
    await store.split(standing, actor, now)
    working = await store.lock_those(survivor.id, moved.tickets)
    changes = await customers.hand_over(working, back.customer, actor, now)
    await store.move_rest(survivor.id, back.id, moved.tickets, actor, now)
    if (after.tier, after.segment) != (survivor.tier, survivor.segment):
        changes += await customers.hand_over(
            await store.lock_working(survivor.id), after.customer, actor, now
        )
    await store.move_back(survivor.id, back.id, moved.identities)
    return Merged(survivor.id, tuple(changes))
