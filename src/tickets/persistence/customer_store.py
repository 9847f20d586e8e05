"""Customers in PostgreSQL: who they are, by what they are known, who was merged into whom."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tickets.domain.customer import CustomerRecord, Merge, MovedIdentity
from tickets.domain.draft import Identity
from tickets.domain.ticket import Ticket
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows
from tickets.persistence.ticket_sql import TICKET
from tickets.persistence.ticket_store import superseded

RECORD = Rows(CustomerRecord)
_MERGE = Rows(Merge)
_OWN = ", ".join(f"c.{name}" for name in RECORD.fields if name != "identities")
RECORD_COLUMNS = f"""{_OWN},
       coalesce((SELECT jsonb_agg(jsonb_build_object('kind', kind, 'value', value) ORDER BY kind, value)
                 FROM customer_identity WHERE customer_id = c.id), '[]')"""

_READ = f"SELECT {RECORD_COLUMNS} FROM customer AS c WHERE c.id = $1"
_LOCK = "SELECT id FROM customer WHERE id = ANY ($1) ORDER BY id FOR UPDATE"
_LOCKED = f"SELECT {RECORD_COLUMNS} FROM customer AS c WHERE c.id = ANY ($1) ORDER BY c.id"
_SURVIVOR = """
WITH RECURSIVE line AS (
    SELECT id, merged_into FROM customer WHERE id = $1
    UNION SELECT c.id, c.merged_into FROM customer AS c JOIN line ON c.id = line.merged_into
)
SELECT id FROM line WHERE merged_into IS NULL
"""
_WRITE = """
UPDATE customer SET name = $2, language = $3, region = $4, tier = $5, segment = $6, epoch = epoch + 1
WHERE id = $1
"""
_HOLDERS = """
SELECT customer_id FROM customer_identity WHERE kind = $1 AND value = $2 ORDER BY main DESC, customer_id
"""
# Of several who share an identity exactly one has it as main.
_MAIN_THERE = "EXISTS (SELECT FROM customer_identity WHERE kind = $2 AND value = $3 AND main)"
_ADD = f"""
INSERT INTO customer_identity (customer_id, kind, value, main) VALUES ($1, $2, $3, NOT {_MAIN_THERE})
ON CONFLICT DO NOTHING
"""
_REMOVE = "DELETE FROM customer_identity WHERE customer_id = $1 AND kind = $2 AND value = $3"
_PROMOTE = """
UPDATE customer_identity SET main = true
WHERE kind = $1 AND value = $2
  AND customer_id = (SELECT customer_id FROM customer_identity WHERE kind = $1 AND value = $2
                     ORDER BY customer_id LIMIT 1)
  AND NOT EXISTS (SELECT FROM customer_identity WHERE kind = $1 AND value = $2 AND main)
"""
_WORKING = f"""
SELECT {TICKET.columns} FROM ticket
WHERE customer_id = $1 AND status NOT IN ('solved', 'closed') AND ($2::uuid[] IS NULL OR id = ANY ($2))
ORDER BY id FOR UPDATE
"""
# What is left when those at work have gone: solved and closed ones, whose promises are past.
_MOVE_REST = """
WITH held AS (
    SELECT id FROM ticket WHERE customer_id = $1 AND ($3::uuid[] IS NULL OR id = ANY ($3))
    ORDER BY id FOR UPDATE
), moved AS (
    UPDATE ticket SET customer_id = $2, customer_candidates = '{}', epoch = epoch + 1, updated_at = $5
    FROM held WHERE ticket.id = held.id AND ticket.customer_id = $1 RETURNING ticket.id, epoch
)
INSERT INTO ticket_event (ticket_id, epoch, position, type, actor, occurred_at, detected_at, data)
SELECT id, epoch, 0, 'customer_changed', $4, $5, $5, jsonb_build_object('before', $1::uuid, 'after', $2::uuid)
FROM moved RETURNING ticket_id
"""
_IDENTITIES = """
SELECT o.kind, o.value, o.main, s.main
FROM customer_identity AS o
LEFT JOIN customer_identity AS s ON s.kind = o.kind AND s.value = o.value AND s.customer_id = $2
WHERE o.customer_id = $1 ORDER BY o.kind, o.value FOR UPDATE OF o
"""
_GIVE = "UPDATE customer_identity SET customer_id = $4 WHERE customer_id = $1 AND kind = $2 AND value = $3"
_SET_MAIN = """
UPDATE customer_identity SET main = $4 WHERE customer_id = $1 AND kind = $2 AND value = $3
"""
_HAS = "SELECT EXISTS (SELECT FROM customer_identity WHERE customer_id = $1 AND kind = $2 AND value = $3)"
_MERGED = """
WITH gone AS (UPDATE customer SET merged_into = $2 WHERE id = $3)
INSERT INTO customer_merge (id, into_id, other_id, moved, merged_by, merged_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_STANDING = f"SELECT {_MERGE.columns} FROM customer_merge WHERE other_id = $1 AND split_at IS NULL"
_EVER = """
SELECT EXISTS (SELECT FROM customer_merge WHERE into_id = $1 AND other_id = $2 AND split_at IS NOT NULL)
"""
_SPLIT = """
WITH back AS (UPDATE customer SET merged_into = NULL WHERE id = $2)
UPDATE customer_merge SET split_by = $3, split_at = $4 WHERE id = $1
"""


class CustomerFilter(Struct, frozen=True):
    """Which customers: `q` are beginnings of words of the name, accents and case aside."""

    q: str | None = None
    identity: Identity | None = None


_NAMED = """to_tsvector('simple', fold(c.name)) @@ (
    SELECT to_tsquery('simple', string_agg(quote_literal(word) || ':*', ' & '))
    FROM unnest(tsvector_to_array(to_tsvector('simple', fold($3)))) AS word)"""
_KNOWN_BY = "c.id IN (SELECT customer_id FROM customer_identity WHERE kind = {} AND value = {})"


class PostgresCustomers:
    """The `CustomerStore` of the use cases, and the list of customers."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around what follows, or the one the caller is in."""
        return self.engine.transaction(allow_nested=True)

    async def read(self, customer: UUID) -> CustomerRecord | None:
        """A customer as they are now, or None."""
        return RECORD.optional(await self.engine.fetch_row(_READ, customer))

    async def page(self, wanted: CustomerFilter, before: UUID | None, limit: int) -> list[CustomerRecord]:
        """Customers from the newest on; those merged or erased are not among them."""
        where, given = ["c.merged_into IS NULL AND c.erased_at IS NULL"], list[object]()
        if wanted.q is not None:
            where.append(_NAMED)
            given.append(wanted.q)
        if wanted.identity is not None:
            places = (f"${len(given) + 3}", f"${len(given) + 4}")
            where.append(_KNOWN_BY.format(*places))
            given += [wanted.identity.kind, wanted.identity.value]
        rows = await self.engine.fetch(
            f"SELECT {RECORD_COLUMNS} FROM customer AS c WHERE ($1::uuid IS NULL OR c.id < $1) AND "
            f"{' AND '.join(where)} ORDER BY c.id DESC LIMIT $2",
            before,
            limit,
            *given,
        )
        return RECORD.all(rows)

    async def survivor(self, customer: UUID) -> UUID | None:
        """Whom they live on in; None when there is no such customer."""
        found: UUID | None = await self.engine.fetch_value(_SURVIVOR, customer)
        return found

    async def lock(self, customers: Collection[UUID]) -> list[CustomerRecord]:
        """Customers, held until the transaction ends, in the order of their ids."""
        with superseded():
            await self.engine.fetch(_LOCK, list(customers))
        return RECORD.all(await self.engine.fetch(_LOCKED, list(customers)))

    async def write(self, customer: CustomerRecord) -> None:
        """Keep what is known of a locked customer, and raise the epoch."""
        known = (customer.name, customer.language, customer.region, customer.tier, customer.segment)
        await self.engine.execute(_WRITE, customer.id, *known)

    async def holders(self, identity: Identity) -> list[UUID]:
        """Customers known by an identity."""
        return [row[0] for row in await self.engine.fetch(_HOLDERS, identity.kind, identity.value)]

    async def add_identity(self, customer: UUID, identity: Identity) -> None:
        """Know a customer by one more. Raises `Superseded` when somebody new came by it meanwhile."""
        with superseded():
            await self.engine.execute(_ADD, customer, identity.kind, identity.value)

    async def remove_identity(self, customer: UUID, identity: Identity) -> None:
        """Know them by it no more; of those who share it, another has it as main."""
        await self.engine.execute(_REMOVE, customer, identity.kind, identity.value)
        await self.engine.execute(_PROMOTE, identity.kind, identity.value)

    async def lock_working(self, customer: UUID) -> list[Ticket]:
        """Their tickets that are somebody's work, in order, locked."""
        with superseded():
            return TICKET.all(await self.engine.fetch(_WORKING, customer, None))

    async def lock_those(self, customer: UUID, tickets: Collection[UUID]) -> list[Ticket]:
        """Those of these tickets that are theirs and are somebody's work, in order, locked."""
        with superseded():
            return TICKET.all(await self.engine.fetch(_WORKING, customer, list(tickets)))

    async def move_rest(
        self, before: UUID, after: UUID, tickets: Collection[UUID] | None, actor: str, now: datetime
    ) -> list[UUID]:
        """Move what is left of one's tickets (of these, if given) to another, with a line of history each."""
        chosen = None if tickets is None else list(tickets)
        with superseded():
            rows = await self.engine.fetch(_MOVE_REST, before, after, chosen, actor, now)
        return [row[0] for row in rows]

    async def move_identities(self, before: UUID, after: UUID) -> list[MovedIdentity]:
        """Move every identity of one to another; what was moved."""
        moved = [MovedIdentity(*row) for row in await self.engine.fetch(_IDENTITIES, before, after)]
        for each in moved:
            if each.held is None:
                await self.engine.execute(_GIVE, before, each.kind, each.value, after)
            else:
                await self.engine.execute(_REMOVE, before, each.kind, each.value)
                await self.engine.execute(_SET_MAIN, after, each.kind, each.value, each.held or each.main)
        return moved

    async def move_back(self, survivor: UUID, other: UUID, identities: Sequence[MovedIdentity]) -> None:
        """Undo `move_identities`, of those the survivor still has."""
        for each in identities:
            place = (survivor, each.kind, each.value)
            if not await self.engine.fetch_value(_HAS, *place):
                continue
            if each.held is None:
                await self.engine.execute(_GIVE, *place, other)
            else:
                await self.engine.execute(_SET_MAIN, *place, each.held)
                await self.engine.execute(_ADD, other, each.kind, each.value)

    async def merged(self, merge: Merge, by: str, now: datetime) -> None:
        """Keep a merge, and mark the other as merged."""
        await self.engine.execute(_MERGED, merge.id, merge.into_id, merge.other_id, merge.moved, by, now)

    async def standing_merge(self, other: UUID) -> Merge | None:
        """The merge by which a customer is merged now."""
        return _MERGE.optional(await self.engine.fetch_row(_STANDING, other))

    async def ever_merged(self, survivor: UUID, other: UUID) -> bool:
        """Whether one was merged into the other before, and is not now."""
        found: bool = await self.engine.fetch_value(_EVER, survivor, other)
        return found

    async def split(self, merge: Merge, by: str, now: datetime) -> None:
        """A merge is undone."""
        await self.engine.execute(_SPLIT, merge.id, merge.other_id, by, now)
