"""Read models of customers: who may be the same, and everything they and we said, across channels."""

from typing import Literal
from uuid import UUID

from msgspec import Raw, Struct

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


class CustomerExport(Struct, frozen=True):
    """Everything held of a customer: who was merged into them, tickets with all on them, what came and left.

    Files and envelopes are named with their size in bytes; their content is not repeated here.
    """

    customers: Raw
    merges: Raw
    mail_addresses: Raw
    tickets: Raw
    envelopes: Raw
    sent: Raw


_EXPORT = """
WITH RECURSIVE line AS (
    SELECT id FROM customer WHERE id = $1
    UNION SELECT c.id FROM customer AS c JOIN line ON c.merged_into = line.id
), own AS (SELECT * FROM ticket WHERE customer_id IN (SELECT id FROM line))
SELECT
    (SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('identities', (
         SELECT coalesce(jsonb_agg(jsonb_build_object('kind', kind, 'value', value)), '[]')
         FROM customer_identity WHERE customer_id = c.id)) ORDER BY c.id), '[]')
     FROM customer AS c WHERE c.id IN (SELECT id FROM line)),
    (SELECT coalesce(jsonb_agg(to_jsonb(m) ORDER BY m.id), '[]') FROM customer_merge AS m
     WHERE m.into_id IN (SELECT id FROM line) OR m.other_id IN (SELECT id FROM line)),
    (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.address), '[]') FROM mail_address AS a
     WHERE a.address IN (SELECT value FROM customer_identity
                         WHERE kind = 'email' AND customer_id IN (SELECT id FROM line))),
    (SELECT coalesce(jsonb_agg(to_jsonb(own) - ARRAY[
             'search', 'terms_id', 'routing', 'runs', 'tick_at', 'route_at']
         || jsonb_build_object(
             'messages', (SELECT coalesce(jsonb_agg(to_jsonb(m) || jsonb_build_object('attachments', (
                  SELECT coalesce(jsonb_agg(jsonb_build_object(
                      'name', f.name, 'media_type', f.media_type,
                      'bytes', coalesce(f.bytes, octet_length(f.content)))), '[]')
                  FROM attachment AS f WHERE f.message_id = m.id)) ORDER BY m.id), '[]')
                  FROM message AS m WHERE m.ticket_id = own.id),
             'history', (SELECT coalesce(jsonb_agg(to_jsonb(e) - ARRAY['ticket_id', 'signal']
                                                   ORDER BY e.epoch, e.position), '[]')
                  FROM ticket_event AS e WHERE e.ticket_id = own.id),
             'calls', (SELECT coalesce(jsonb_agg(to_jsonb(c) || jsonb_build_object('told', (
                  SELECT jsonb_agg(f.fact) FROM call_fact AS f
                  WHERE f.account = c.account AND f.call_id = c.call_id)) ORDER BY c.call_id), '[]')
                  FROM call AS c WHERE c.ticket_id = own.id))
         ORDER BY own.id), '[]') FROM own),
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
         'id', e.id, 'channel', e.channel, 'account', e.account, 'media_type', e.media_type,
         'received_at', e.received_at, 'dropped_at', e.dropped_at,
         'bytes', coalesce(e.bytes, octet_length(e.body))) ORDER BY e.id), '[]')
     FROM envelope AS e WHERE e.ticket_id IN (SELECT id FROM own)),
    (SELECT coalesce(jsonb_agg(jsonb_build_object(
         'way', o.way, 'destination', o.destination, 'cause', o.cause, 'state', o.state,
         'created_at', o.created_at, 'settled_at', o.settled_at) ORDER BY o.id), '[]')
     FROM outbox AS o WHERE o.cause ->> 'ticket' IN (SELECT id::text FROM own))
WHERE EXISTS (SELECT FROM line)
"""
_EXPORTED = Rows(CustomerExport)


class CustomerReading:
    """Answers to who asks about customers; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def alike(self, customer: UUID) -> list[CustomerRecord]:
        """Customers with something in common with this one, for `likeness` to judge."""
        return RECORD.all(await self.engine.fetch(_ALIKE, customer))

    async def export(self, customer: UUID) -> CustomerExport | None:
        """Everything held of a customer, in one statement; None when there is no such customer."""
        return _EXPORTED.optional(await self.engine.fetch_row(_EXPORT, customer))

    async def timeline(self, customer: UUID, behind: Place | None, limit: int) -> list[TimelineItem]:
        """A customer's past from the newest on, in one statement."""
        place = (None, None, None) if behind is None else (behind.at, behind.type, behind.id)
        return _ITEM.all(await self.engine.fetch(_TIMELINE, customer, *place, limit))
