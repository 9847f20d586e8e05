"""A customer as kept: one person, however many ways there are to recognise them."""

from uuid import UUID

from msgspec import Struct

from tickets.domain.draft import Identity
from tickets.domain.ticket import Customer
from tickets.domain.words import Instant


class CustomerRecord(Struct, frozen=True, kw_only=True):
    """A customer. `epoch` moves with every change and is the ETag.

    One who was merged lives on in `merged_into`; of one erased only this is left, and when.
    """

    id: UUID
    name: str
    language: str | None
    region: str | None
    tier: str | None
    segment: str | None
    epoch: int
    created_at: Instant
    merged_into: UUID | None
    erased_at: Instant | None
    identities: tuple[Identity, ...]

    @property
    def customer(self) -> Customer:
        """As tickets know them."""
        return Customer(
            id=self.id,
            name=self.name,
            language=self.language,
            region=self.region,
            tier=self.tier,
            segment=self.segment,
            identities=self.identities,
        )


class MovedIdentity(Struct, frozen=True):
    """An identity a merge moved. `main`: whether new requests by it were the merged one's.

    `held` says the same of the survivor, None where they did not have it.
    """

    kind: str
    value: str
    main: bool
    held: bool | None


class Moved(Struct, frozen=True, kw_only=True):
    """What a merge moved: tickets, identities, and what the survivor knew nothing of before."""

    tickets: tuple[UUID, ...] = ()
    identities: tuple[MovedIdentity, ...] = ()
    filled: dict[str, str] = {}


class Holding(Struct, frozen=True):
    """By what a customer can be found: all merged into one, and what nobody else is known by.

    `traces` are their addresses and the last digits of their numbers.
    """

    customers: tuple[UUID, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    traces: tuple[str, ...]


class Merge(Struct, frozen=True):
    """A merge that stands."""

    id: UUID
    into_id: UUID
    other_id: UUID
    moved: Moved
