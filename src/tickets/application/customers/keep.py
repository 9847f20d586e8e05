"""What is known of a customer changes: their tickets at work hear of it; and tickets change customers."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from tickets.application.acts.act import act
from tickets.application.changes.change import decide
from tickets.application.changes.whose import SetCustomer
from tickets.application.customers.ports import CustomerStore
from tickets.application.house import House
from tickets.domain.customer import CustomerRecord
from tickets.domain.draft import Identity
from tickets.domain.errors import NotFound, Refused, Stale
from tickets.domain.ticket import Change, Customer, Ticket

SHARED: frozenset[str] = frozenset({"phone", "whatsapp"})
"""Kinds of identities that several people really have together; all others name one."""


class Customers:
    """The use cases, with what they work with."""

    def __init__(self, house: House, store: CustomerStore) -> None:
        self.house = house
        self.store = store

    async def living(self, customer: UUID, expected: int | None = None) -> CustomerRecord:
        """A customer, locked, whom something can be done to.

        Raises:
            NotFound: no such customer.
            Refused: merged or erased.
            Stale: not at the expected epoch any more.
        """
        found = next(iter(await self.store.lock([customer])), None)
        if found is None:
            raise NotFound(f"there is no customer {customer}")
        if found.merged_into is not None:
            raise Refused(f"customer {customer} was merged into {found.merged_into}; use that one")
        if found.erased_at is not None:
            raise Refused(f"customer {customer} was erased at {found.erased_at.isoformat()}")
        if expected not in {None, found.epoch}:
            raise Stale(found.epoch)
        return found

    async def amend(
        self,
        customer: UUID,
        amended: Callable[[CustomerRecord], CustomerRecord],
        actor: str,
        now: datetime,
        expected: int | None = None,
    ) -> list[Change]:
        """Know something else of a customer. Tickets at work follow tier and segment."""
        async with self.store.transaction():
            before = await self.living(customer, expected)
            after = amended(before)
            if after == before:
                return []
            await self.store.write(after)
            if (after.tier, after.segment) == (before.tier, before.segment):
                return []
            return await self.hand_over(await self.store.lock_working(customer), after.customer, actor, now)

    async def hand_over(
        self,
        tickets: Sequence[Ticket],
        customer: Customer,
        actor: str,
        now: datetime,
        gone: UUID | None = None,
    ) -> list[Change]:
        """Make locked tickets a customer's, on the promises of theirs. `gone` is nobody's choice."""
        desk = await self.house.desks.current()
        changes = []
        for ticket in tickets:
            left = tuple(each for each in ticket.customer_candidates if each != gone)
            command = SetCustomer(customer, left if len(left) > 1 else ())
            change, escalations = decide(command, await self.house.scene(ticket, desk, actor, now))
            if change.happened:
                changes.append(self.house.with_alerts(change, escalations, desk))
        await self.house.save(*changes, desk=desk)
        return changes

    async def choose(
        self,
        ticket: UUID,
        customer: UUID,
        actor: str,
        now: datetime,
        expected: int | None = None,
        correlation_id: str | None = None,
    ) -> Change:
        """Say whose a ticket is; of a merged customer it is the one they live on in.

        Raises as `living` and `act` do.
        """
        async with self.store.transaction():
            chosen = await self.living(await self.store.survivor(customer) or customer)
            command = SetCustomer(chosen.customer)
            return await act(
                self.house, ticket, command, actor, now, expected=expected, correlation_id=correlation_id
            )

    async def know_by(self, customer: UUID, identity: Identity, expected: int | None = None) -> bool:
        """Recognise a customer by one more identity; whether that is new.

        Raises:
            Refused: it is another customer's, and of a kind that names one person.
        """
        async with self.store.transaction():
            found = await self.living(customer, expected)
            if identity in found.identities:
                return False
            others = await self.store.holders(identity)
            if others and identity.kind not in SHARED:
                raise Refused(f"this {identity.kind} is customer {others[0]}'s; merge them if they are one")
            await self.store.add_identity(customer, identity)
            await self.store.write(found)
            return True

    async def know_no_more_by(self, customer: UUID, identity: Identity, expected: int | None = None) -> None:
        """Recognise a customer by an identity no more. Raises `NotFound` when it is not theirs."""
        async with self.store.transaction():
            found = await self.living(customer, expected)
            if identity not in found.identities:
                raise NotFound(f"customer {customer} has no such {identity.kind}")
            await self.store.remove_identity(customer, identity)
            await self.store.write(found)


def filled(survivor: CustomerRecord, other: CustomerRecord) -> dict[str, str]:
    """What a survivor knows nothing of and learns from the other."""
    names = ("name", "language", "region", "tier", "segment")
    news = [name for name in names if getattr(other, name) and not getattr(survivor, name)]
    return {name: getattr(other, name) for name in news}


def without(survivor: CustomerRecord, learnt: dict[str, str]) -> CustomerRecord:
    """A survivor who forgets what they learnt, where it is still as they learnt it."""
    kept = {name: value for name, value in learnt.items() if getattr(survivor, name) == value}
    return replace(survivor, **{name: "" if name == "name" else None for name in kept})
