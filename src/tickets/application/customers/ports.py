"""What use cases about customers ask of the database. A customer's row is locked before their tickets'."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tickets.domain.customer import CustomerRecord, Merge, MovedIdentity
from tickets.domain.draft import Identity
from tickets.domain.ticket import Ticket


class CustomerStore(Protocol):
    """Customers as the use cases see them."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around what follows, or the one the caller is in."""

    async def read(self, customer: UUID) -> CustomerRecord | None:
        """A customer as they are now, or None."""

    async def survivor(self, customer: UUID) -> UUID | None:
        """Whom they live on in, over as many merges as there were; None when there is no such customer."""

    async def lock(self, customers: Collection[UUID]) -> list[CustomerRecord]:
        """Customers, held until the transaction ends, in the order of their ids."""

    async def write(self, customer: CustomerRecord) -> None:
        """Keep name, language, region, tier and segment of a locked customer, and raise the epoch."""

    async def holders(self, identity: Identity) -> list[UUID]:
        """Customers known by an identity."""

    async def add_identity(self, customer: UUID, identity: Identity) -> None:
        """Know a customer by one more."""

    async def remove_identity(self, customer: UUID, identity: Identity) -> None:
        """Know them by it no more."""

    async def lock_working(self, customer: UUID) -> list[Ticket]:
        """Their tickets that are somebody's work, in order, locked."""

    async def lock_those(self, customer: UUID, tickets: Collection[UUID]) -> list[Ticket]:
        """Those of these tickets that are theirs and are somebody's work, in order, locked."""

    async def move_rest(
        self, before: UUID, after: UUID, tickets: Collection[UUID] | None, actor: str, now: datetime
    ) -> list[UUID]:
        """Move what is left of one's tickets (of these, if given) to another, with a line of history each."""

    async def move_identities(self, before: UUID, after: UUID) -> list[MovedIdentity]:
        """Move every identity of one to another; what was moved."""

    async def move_back(self, survivor: UUID, other: UUID, identities: Sequence[MovedIdentity]) -> None:
        """Undo `move_identities`, of those the survivor still has."""

    async def merged(self, merge: Merge, by: str, now: datetime) -> None:
        """Keep a merge, and mark the other as merged."""

    async def standing_merge(self, other: UUID) -> Merge | None:
        """The merge by which a customer is merged now."""

    async def ever_merged(self, survivor: UUID, other: UUID) -> bool:
        """Whether one was merged into the other before, and is not now."""

    async def split(self, merge: Merge, by: str, now: datetime) -> None:
        """A merge is undone."""
