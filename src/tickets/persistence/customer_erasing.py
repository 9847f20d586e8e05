"""Forgetting a customer in PostgreSQL: every place that keeps who they are or what they said."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from tickets.domain.customer import Holding
from tickets.domain.history import KEPT_IN_HISTORY
from tickets.domain.ticket import Ticket
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows
from tickets.persistence.ticket_sql import TICKET

_HOLDING = Rows(Holding)

_LINE = """
WITH RECURSIVE line AS (
    SELECT id FROM customer WHERE id = $1
    UNION SELECT c.id FROM customer AS c JOIN line ON c.merged_into = line.id
)
"""
_MARK = f"{_LINE} UPDATE customer SET erased_at = $2, erased_by = $3 WHERE id IN (SELECT id FROM line)"
_RENOUNCE = f"""
{_LINE} UPDATE customer_identity SET main = false WHERE main AND customer_id IN (SELECT id FROM line)
RETURNING kind, value
"""
_HEIR = """
UPDATE customer_identity SET main = true
WHERE (kind, value, customer_id) IN (
    SELECT DISTINCT ON (i.kind, i.value) i.kind, i.value, i.customer_id
    FROM customer_identity AS i JOIN customer AS c ON c.id = i.customer_id AND c.erased_at IS NULL
    WHERE i.kind = $1 AND i.value = $2 ORDER BY i.kind, i.value, i.customer_id
)
"""
# `emails`, `numbers` and `phones` (the digits two spellings share) leave out what somebody else has too.
_OF = f"""
{_LINE}, own AS (
    SELECT i.kind, i.value FROM customer_identity AS i WHERE i.customer_id IN (SELECT id FROM line)
), alone AS (
    SELECT own.kind, own.value FROM own
    WHERE NOT EXISTS (SELECT FROM customer_identity AS o WHERE o.kind = own.kind AND o.value = own.value
                      AND o.customer_id NOT IN (SELECT id FROM line))
)
SELECT (SELECT array_agg(id) FROM line),
       coalesce((SELECT array_agg(value) FROM alone WHERE kind = 'email'), '{{}}'),
       coalesce((SELECT array_agg(value) FROM alone WHERE kind IN ('phone', 'whatsapp')), '{{}}'),
       coalesce((SELECT array_agg(CASE WHEN kind IN ('phone', 'whatsapp')
                                       THEN right(regexp_replace(value, '\\D', '', 'g'), 8) ELSE value END)
                 FROM alone WHERE length(value) >= 6), '{{}}')
"""
_COUNT = "SELECT count(*) FROM ticket WHERE customer_id = $1"
_NEXT = f"""
SELECT {TICKET.columns} FROM ticket WHERE customer_id = $1 AND ($2::uuid IS NULL OR id > $2)
ORDER BY id LIMIT $3 FOR UPDATE
"""

# $1 are tickets.
_OF_TICKETS = (
    """
    UPDATE ticket SET subject = '', fields = '{}', customer_candidates = '{}', runs = NULL, epoch = epoch + 1,
        tags = array_remove(tags, 'spam') -- what is spam could be reopened
    WHERE id = ANY ($1)
    """,
    "DELETE FROM attachment WHERE message_id IN (SELECT id FROM message WHERE ticket_id = ANY ($1))",
    """
    UPDATE message SET text = '', signature = '', quoted = '', html = NULL, origin = NULL
    WHERE ticket_id = ANY ($1)
    """,
    "DELETE FROM conversation WHERE ticket_id = ANY ($1)",
    "DELETE FROM envelope WHERE ticket_id = ANY ($1)",
    """
    UPDATE call_fact AS f SET fact = (f.fact - 'recording_url') || '{"caller": "", "callee": ""}'
    FROM call AS c WHERE c.account = f.account AND c.call_id = f.call_id AND c.ticket_id = ANY ($1)
    """,
    "UPDATE call SET number = NULL WHERE ticket_id = ANY ($1)",
    "DELETE FROM agent_event WHERE data ->> 'ticket' = ANY ($1::uuid[]::text[])",
)
_TAGS = """
UPDATE ticket SET tags = ARRAY(SELECT tag FROM unnest(tags) AS tag WHERE tag = ANY ($2)) WHERE id = ANY ($1)
"""
_HISTORY = """
UPDATE ticket_event SET data = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(data)
                                WHERE key = ANY ($2))
WHERE ticket_id = ANY ($1) AND type NOT LIKE 'sla.%' AND type NOT LIKE 'routing.%'
"""
# What was taken in once is still known by its name; only a name that says who they are becomes its hash.
_LEDGER = """
UPDATE intake SET external_id = 'erased:' || encode(sha256(convert_to(external_id, 'UTF8')), 'hex')
WHERE ticket_id = ANY ($1)
  AND EXISTS (SELECT FROM unnest($2::text[]) AS trace WHERE strpos(lower(external_id), lower(trace)) > 0)
"""
# What has not left yet does not leave any more; nobody can send it again.
_LEAVING = """
UPDATE outbox SET body = '', destination = '', state = 'settled', last_error = 'erased with its customer',
    fence = fence + 1, wake_at = NULL, leased_until = NULL, held_since = NULL,
    settled_at = coalesce(settled_at, $3)
WHERE cause ->> 'ticket' = ANY ($1::uuid[]::text[]) OR (way = 'email' AND destination = ANY ($2))
"""
# A digest that has not left is written anew without them.
_DIGESTS = """
UPDATE outbox SET body = '' WHERE id IN (
    SELECT gathered_into FROM outbox WHERE cause ->> 'ticket' = ANY ($1::uuid[]::text[]))
"""
_ANSWERS = """
UPDATE idempotency SET answer = jsonb_strip_nulls(jsonb_build_object(
    'id', answer -> 'id', 'number', answer -> 'number', 'epoch', answer -> 'epoch'))
WHERE answer ->> 'id' = ANY ($1::uuid[]::text[]) OR answer -> 'customer' ->> 'id' = ANY ($1::uuid[]::text[])
"""

# $1 are customers.
_OF_CUSTOMERS = (
    """
    UPDATE customer_merge SET moved = moved - 'identities' - 'filled'
    WHERE into_id = ANY ($1) OR other_id = ANY ($1)
    """,
    "DELETE FROM customer_identity WHERE customer_id = ANY ($1)",
    """
    UPDATE customer SET name = '', language = NULL, region = NULL, tier = NULL, segment = NULL,
        epoch = epoch + 1
    WHERE id = ANY ($1)
    """,
    """
    DELETE FROM agent_event WHERE EXISTS
        (SELECT FROM unnest($1::uuid[]::text[]) AS gone WHERE strpos(data::text, gone) > 0)
    """,
)
_ADDRESSES = "DELETE FROM mail_address WHERE address = ANY ($1)"
_CALLS = """
WITH theirs AS (UPDATE call SET number = NULL WHERE number = ANY ($1) AND ticket_id IS NULL
                RETURNING account, call_id)
UPDATE call_fact AS f SET fact = (f.fact - 'recording_url') || '{"caller": "", "callee": ""}'
FROM theirs AS c WHERE c.account = f.account AND c.call_id = f.call_id
"""
# What belongs to no ticket: quarantined, or told of calls that were nobody's.
_STRAY = """
DELETE FROM envelope USING (SELECT id AS stray, lower(encode(coalesce(body, head, ''), 'escape')) AS said
                            FROM envelope WHERE ticket_id IS NULL AND state <> 'received') AS e
WHERE id = stray AND EXISTS (
    SELECT FROM unnest($1::text[]) AS trace
    WHERE strpos(said, trace) > 0 OR strpos(said, replace(trace, '@', '%40')) > 0
       OR strpos(translate(said, ' .-()/+', ''), trace) > 0)
"""


class PostgresErasure:
    """The `Erasure` of the job."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def begin(self, customer: UUID, by: str, now: datetime) -> None:
        """Mark a locked customer, and all merged into them; from here on their identities are not theirs."""
        await self.engine.execute(_MARK, customer, now, by)
        for kind, value in await self.engine.fetch(_RENOUNCE, customer):
            await self.engine.execute(_HEIR, kind, value)

    async def count(self, customer: UUID) -> int:
        """How many tickets they have."""
        count: int = await self.engine.fetch_value(_COUNT, customer)
        return count

    async def tickets(self, customer: UUID, after: UUID | None, limit: int) -> list[Ticket]:
        """Their tickets behind one, in order, locked."""
        return TICKET.all(await self.engine.fetch(_NEXT, customer, after, limit))

    async def holding(self, customer: UUID) -> Holding:
        """By what they can be found."""
        return _HOLDING.all(await self.engine.fetch(_OF, customer))[0]

    async def wipe_tickets(
        self, tickets: Sequence[UUID], holding: Holding, tags: Collection[str], now: datetime
    ) -> None:
        """Forget all words of locked tickets but these tags, and whatever came and left with them."""
        await self.engine.execute(_TAGS, list(tickets), list(tags))
        for statement in _OF_TICKETS:
            await self.engine.execute(statement, list(tickets))
        await self.engine.execute(_HISTORY, list(tickets), list(KEPT_IN_HISTORY))
        await self.engine.execute(_LEDGER, list(tickets), list(holding.traces))
        await self.engine.execute(_LEAVING, list(tickets), list(holding.emails), now)
        await self.engine.execute(_DIGESTS, list(tickets))
        await self.engine.execute(_ANSWERS, list(tickets))

    async def wipe_customer(self, holding: Holding) -> None:
        """Forget who they were; the last step."""
        await self.engine.execute(_ADDRESSES, list(holding.emails))
        await self.engine.execute(_CALLS, list(holding.phones))
        await self.engine.execute(_STRAY, list(holding.traces))
        await self.engine.execute(_ANSWERS, list(holding.customers))
        for statement in _OF_CUSTOMERS:
            await self.engine.execute(statement, list(holding.customers))
