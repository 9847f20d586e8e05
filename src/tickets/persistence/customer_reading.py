"""Read models of customers: who may be the same, and everything they and we said, across channels."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from tickets.domain.customer import CustomerRecord
from tickets.domain.words import Instant
from tickets.persistence.customer_store import RECORD, RECORD_COLUMNS
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_ALIKE = f"""
WITH own AS (SELECT kind, value FROM customer_identity WHERE customer_id = $1),
near AS (
    SELECT o.customer_id FROM own JOIN customer_identity AS o
        ON o.kind = 'email' AND split_part(o.value, '@', 1) = split_part(own.value, '@', 1)
    WHERE own.kind = 'email'
    UNION SELECT o.customer_id FROM own JOIN customer_identity AS o
        ON o.kind IN ('phone', 'whatsapp') AND right(regexp_replace(o.value, '\\D', '', 'g'), 8)
           = right(regexp_replace(own.value, '\\D', '', 'g'), 8)
    WHERE own.kind IN ('phone', 'whatsapp')
    UNION (SELECT n.id FROM customer AS n, customer AS me
           WHERE me.id = $1 AND me.name <> '' AND me.region = n.region
             AND to_tsvector('simple', fold(n.name)) @@ plainto_tsquery('simple', fold(me.name))
           ORDER BY n.id DESC LIMIT 200)
)
SELECT {RECORD_COLUMNS} FROM customer AS c
WHERE c.id IN (SELECT customer_id FROM near) AND c.id <> $1 AND c.merged_into IS NULL AND c.erased_at IS NULL
ORDER BY c.id DESC LIMIT 500
"""


class TimelineItem(Struct, frozen=True, kw_only=True):
    """One thing in a customer's past: a ticket that was opened, something said, or a telephone call.

    `id` is the ticket's or the message's, of a call `<line>:<call id>`. What does not apply is null.
    """

    at: Instant
    type: Literal["ticket", "message", "call"]
    id: str
    ticket_id: UUID
    ticket_number: int
    channel: str
    source: str
    subject: str
    status: str
    kind: str | None
    author: str | None
    text: str | None
    direction: str | None
    outcome: str | None


class Place(Struct, frozen=True, array_like=True):
    """Where a timeline goes on."""

    at: Instant
    type: str
    id: str


_ITEM = Rows(TimelineItem)
_BEHIND = "($2::timestamptz IS NULL OR (at, type, id) < ($2, $3::text, $4::text))"
_TIMELINE = f"""
WITH own AS (
    SELECT id, number, channel, source, subject, status, opened_at FROM ticket WHERE customer_id = $1
)
SELECT {_ITEM.columns} FROM (
    SELECT opened_at AS at, 'ticket' AS type, id::text AS id, id AS ticket_id, number AS ticket_number,
           channel, source, subject, status, NULL AS kind, NULL AS author, NULL AS text,
           NULL AS direction, NULL AS outcome
    FROM own
    UNION ALL
    SELECT m.occurred_at, 'message', m.id::text, own.id, own.number, channel, source, subject, status, m.kind,
           m.author, m.text, NULL, NULL
    FROM own JOIN message AS m ON m.ticket_id = own.id
    UNION ALL
    SELECT began.at, 'call', c.account || ':' || c.call_id, own.id, own.number, channel, source, subject,
           status, NULL, NULL, NULL, c.direction, c.outcome
    FROM own JOIN call AS c ON c.ticket_id = own.id
    JOIN LATERAL (SELECT min((fact ->> 'at')::timestamptz) AS at FROM call_fact AS f
                  WHERE f.account = c.account AND f.call_id = c.call_id) AS began ON began.at IS NOT NULL
) AS past
WHERE {_BEHIND} ORDER BY at DESC, type DESC, id DESC LIMIT $5
"""


class CustomerReading:
    """Answers to who asks about customers; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def alike(self, customer: UUID) -> list[CustomerRecord]:
        """Customers with something in common with this one, for `likeness` to judge."""
        return RECORD.all(await self.engine.fetch(_ALIKE, customer))

    async def timeline(self, customer: UUID, behind: Place | None, limit: int) -> list[TimelineItem]:
        """A customer's past from the newest on, in one statement."""
        place = (None, None, None) if behind is None else (behind.at, behind.type, behind.id)
        return _ITEM.all(await self.engine.fetch(_TIMELINE, customer, *place, limit))
