"""The statements of a ticket's life, constant text so that each is planned once a connection.

Those that know, open and save take many tickets as well as one.
"""

from collections.abc import Iterable

from msgspec.structs import fields

from tickets.domain.ticket import Customer, Ticket
from tickets.persistence.rows import Rows
from tickets.persistence.ticket_document import TIMED

TICKET = Rows(Ticket)
CUSTOMER = Rows(Customer)

COLUMNS = tuple(field.name for field in fields(Ticket) if field.name != "number")
"""What a ticket's row is written from, in order; the number is the database's."""

READ = f"SELECT {TICKET.columns} FROM ticket WHERE id = $1"
LOCK = f"{READ} FOR UPDATE"
# Where a ticket goes on: itself unless it was merged.
SURVIVOR = """
WITH RECURSIVE line AS (
    SELECT id, merged_into FROM ticket WHERE id = $1
    UNION SELECT t.id, t.merged_into FROM ticket AS t JOIN line ON t.id = line.merged_into
)
SELECT id FROM line WHERE merged_into IS NULL
"""
LOCK_THESE = f"SELECT {TICKET.columns} FROM ticket WHERE id = ANY ($1) ORDER BY id FOR UPDATE"

# Many requests at once: $1 is a JSON list of them, and there is one row for each, in their order. Of the
# tickets a request refers to, the customer's own comes first, then the one of the nearest reference. A mail
# may have come to another mailbox as well.
KNOWN = """
SELECT head.revision,
       (SELECT ticket_id FROM intake
        WHERE channel = asked.channel AND account = asked.account AND external_id = asked.external_id),
       kept.fingerprint, kept.answer,
       found.id, found.name, found.language, found.region, found.tier, found.segment, found.others,
       (SELECT c.ticket_id FROM conversation AS c JOIN ticket AS t ON t.id = c.ticket_id
        WHERE c.channel = asked.channel AND c.account = asked.account AND c.key = ANY (asked.references_)
        ORDER BY (t.customer_id = found.id) IS TRUE DESC, array_position(asked.references_, c.key) LIMIT 1),
       (SELECT id FROM ticket WHERE ticket.number = asked.number),
       (SELECT twin.ticket_id FROM desk_object AS box
        JOIN intake AS twin ON twin.channel = 'inbox' AND twin.account = box.key
         AND twin.external_id = asked.external_id
        WHERE asked.channel = 'inbox' AND box.kind = 'mailboxes' AND box.key <> asked.account LIMIT 1)
FROM desk_head AS head
CROSS JOIN ROWS FROM (jsonb_to_recordset($1::jsonb) AS (
    channel text, account text, external_id text, identities jsonb, "references" text[], number bigint,
    api_key uuid, key text
)) WITH ORDINALITY AS asked(
    channel, account, external_id, identities, references_, number, api_key, key, place)
LEFT JOIN LATERAL (
    SELECT fingerprint, answer FROM idempotency WHERE api_key = asked.api_key AND key = asked.key
) AS kept ON true
LEFT JOIN LATERAL (
    SELECT c.id, c.name, c.language, c.region, c.tier, c.segment,
           ARRAY(SELECT o.customer_id FROM customer_identity AS o
                 WHERE o.kind = given.kind AND o.value = given.value AND NOT o.main) AS others
    FROM ROWS FROM (jsonb_to_recordset(asked.identities) AS (kind text, value text))
         WITH ORDINALITY AS given(kind, value, rank)
    CROSS JOIN LATERAL ( -- the limit keeps it a look-up by key: joined, small tables are read whole each time
        SELECT customer_id FROM customer_identity
        WHERE kind = given.kind AND value = given.value AND main LIMIT 1
    ) AS i
    JOIN customer AS c ON c.id = i.customer_id
    ORDER BY given.rank LIMIT 1
) AS found ON true
ORDER BY asked.place
"""

CUSTOMER_BY_ID = """
SELECT c.id, c.name, c.language, c.region, c.tier, c.segment,
       coalesce(jsonb_agg(jsonb_build_object('kind', i.kind, 'value', i.value) ORDER BY i.kind, i.value)
                FILTER (WHERE i.kind IS NOT NULL), '[]')
FROM customer AS c LEFT JOIN customer_identity AS i ON i.customer_id = c.id
WHERE c.id = $1 GROUP BY c.id
"""

# Those of several customers who are still there, the one whose last ticket is the newest first.
SHARING = f"""
SELECT {", ".join(f"c.{field.name}" for field in fields(Customer) if field.name != "identities")}, '[]'::jsonb
FROM customer AS c WHERE c.id = ANY ($1) AND c.merged_into IS NULL AND c.erased_at IS NULL
ORDER BY (SELECT t.id FROM ticket AS t WHERE t.customer_id = c.id ORDER BY t.id DESC LIMIT 1) DESC NULLS LAST,
         c.id
"""

# How the customer last wrote; an automatic message only where there is no other.
LAST_ORIGIN = """
SELECT origin FROM message WHERE ticket_id = $1 AND origin IS NOT NULL ORDER BY automatic, id DESC LIMIT 1
"""

# By its customer: few tickets, whatever the account holds.
SPOKEN = """
SELECT id, coalesce((SELECT max(occurred_at) FROM message WHERE ticket_id = ticket.id), opened_at)
FROM ticket WHERE customer_id = $1 AND channel = $2 AND account = $3
ORDER BY opened_at DESC, number DESC LIMIT 1
"""
# Only long replies leave in parts.
REPEATS = """
SELECT EXISTS (
    SELECT FROM message
    WHERE ticket_id = $1 AND kind = 'public_reply' AND origin IS NULL AND occurred_at >= $2
      AND (text = $3 OR (length(text) > 2000 AND position($3 IN text) > 0)))
"""
TAKEN_BY = "SELECT ticket_id FROM intake WHERE channel = $1 AND account = ANY ($2) AND external_id = $3"
UNTOLD = """
SELECT ticket_id FROM message WHERE id = $1 AND NOT EXISTS (
    SELECT FROM ticket_event AS e
    WHERE e.ticket_id = message.ticket_id AND e.type = 'delivery_dead' AND e.data ->> 'message' = $1::text)
"""

# A line beside those of the ticket's present epoch; the caller holds its lock.
NOTE = """
INSERT INTO ticket_event (ticket_id, epoch, position, type, actor, occurred_at, detected_at, data)
SELECT id, epoch, 1 + coalesce((SELECT max(position) FROM ticket_event AS e
                                WHERE e.ticket_id = ticket.id AND e.epoch = ticket.epoch), -1),
       $2, $3, $4, $5, $6
FROM ticket WHERE id = $1
"""

UNDELIVERABLE = """
INSERT INTO mail_address (address, bounced_at) SELECT unnest($1::text[]), $2
ON CONFLICT (address) DO UPDATE SET bounced_at = excluded.bounced_at
"""

# What hangs on ticket rows just written as `t`, from the one JSON document in $1: see `ticket_document`.
# What belongs to a ticket that is not in `t` (its desk moved, its epoch passed) is not written at all.
_WRITTEN = """
said AS (
    INSERT INTO message (id, ticket_id, kind, author, text, signature, quoted, html, automatic, written_at,
                         occurred_at, origin)
    SELECT s.id, t.id, s.kind, s.author, s.text, s.signature, s.quoted, s.html, s.automatic, s.written_at,
           s.occurred_at, s.origin
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'messages') AS s(
        ticket_id uuid, id uuid, kind text, author text, text text, signature text, quoted text, html text,
        automatic boolean, written_at timestamptz, occurred_at timestamptz, origin jsonb)
        ON s.ticket_id = t.id
), happened AS (
    INSERT INTO ticket_event (ticket_id, epoch, position, type, actor, occurred_at, detected_at, signal, data,
                              correlation_id)
    SELECT t.id, t.epoch, h.position, h.type, h.actor, h.occurred_at, h.detected_at, h.signal, h.data,
           h.correlation_id
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'happened') AS h(
        ticket_id uuid, position smallint, type text, actor text, occurred_at timestamptz,
        detected_at timestamptz, signal jsonb, data jsonb, correlation_id text) ON h.ticket_id = t.id
), alerted AS (
    INSERT INTO alert (id, ticket_id, metric, cycle, level, repeat, covers, recipients, state, occurred_at,
                       detected_at, run, policy, priority, team)
    SELECT a.id, t.id, a.metric, a.cycle, a.level, a.repeat, a.covers, a.recipients, a.state, a.occurred_at,
           a.detected_at, a.run, a.policy, a.priority, a.team
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'alerts') AS a(
        ticket_id uuid, id uuid, metric text, cycle integer, level text, repeat integer, covers text[],
        recipients jsonb, state text, occurred_at timestamptz, detected_at timestamptz,
        run uuid, policy text, priority text, team text) ON a.ticket_id = t.id
), leaves AS (
    INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
    SELECT o.id, o.way, o.destination, decode(o.body, 'base64'), o.cause, 'pending',
           o.created_at, o.created_at
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'outgoing') AS o(
        ticket_id uuid, id uuid, way text, destination text, body text, cause jsonb, created_at timestamptz)
        ON o.ticket_id = t.id
), noted AS (
    INSERT INTO intake (channel, account, external_id, ticket_id)
    SELECT l.channel, l.account, l.external_id, t.id
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'ledger') AS l(
        ticket_id uuid, channel text, account text, external_id text) ON l.ticket_id = t.id
    WHERE l.external_id IS NOT NULL
), referable AS (
    INSERT INTO conversation (channel, account, key, ticket_id)
    SELECT l.channel, l.account, key, t.id
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'ledger') AS l(
        ticket_id uuid, channel text, account text, conversation text[]) ON l.ticket_id = t.id,
        unnest(l.conversation) AS key
    ON CONFLICT DO NOTHING
), understood AS (
    UPDATE envelope SET state = 'accepted', reason = NULL, ticket_id = t.id
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'ledger') AS l(ticket_id uuid, envelope uuid)
        ON l.ticket_id = t.id
    WHERE envelope.id = l.envelope
), offered AS (
    INSERT INTO offer (id, ticket_id, agent, state, round, offered_at, expires_at, ended_at)
    SELECT o.id, t.id, o.agent, o.state, o.round, o.offered_at, o.expires_at, o.ended_at
    FROM t JOIN jsonb_populate_recordset(NULL::offer, $1::jsonb -> 'offers') AS o ON o.ticket_id = t.id
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at
)
"""

_TICKETS = "jsonb_populate_recordset(NULL::ticket, $1::jsonb -> 'tickets')"

_NUMBER = "nextval('ticket_number_seq')"
NUMBER = f"SELECT {_NUMBER}"

# $2 is the revision of the desk all were decided on. A ticket with a number was promised it before.
# $3 are customers who were there before; one who is merged or erased meanwhile gets no ticket any more.
OPEN = f"""
WITH living AS (
    SELECT id FROM customer WHERE id = ANY ($3) AND merged_into IS NULL AND erased_at IS NULL
    ORDER BY id FOR KEY SHARE
), t AS (
    INSERT INTO ticket (number, {", ".join(COLUMNS)}) OVERRIDING SYSTEM VALUE
    SELECT coalesce(nullif(n.number, 0), {_NUMBER}), {", ".join(f"n.{name}" for name in COLUMNS)}
    FROM desk_head, {_TICKETS} AS n
    WHERE revision = $2 AND (n.customer_id <> ALL ($3) OR n.customer_id IN (SELECT id FROM living))
    RETURNING id, number, epoch
), came AS (
    INSERT INTO customer (id, name, language, region, tier, created_at)
    SELECT c.id, c.name, c.language, c.region, c.tier, c.created_at
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'customers') AS c(
        ticket_id uuid, id uuid, name text, language text, region text, tier text, created_at timestamptz)
        ON c.ticket_id = t.id
), recognised AS (
    INSERT INTO customer_identity (kind, value, customer_id)
    SELECT i.kind, i.value, c.id
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'customers') AS c(ticket_id uuid, id uuid, identities jsonb)
        ON c.ticket_id = t.id,
        jsonb_to_recordset(c.identities) AS i(kind text, value text)
), answered AS (
    INSERT INTO idempotency (api_key, key, fingerprint, status, answer, created_at)
    SELECT k.api_key, k.key, decode(k.fingerprint, 'base64'), 201,
           k.answer || jsonb_build_object('number', t.number), k.created_at
    FROM t JOIN jsonb_to_recordset($1::jsonb -> 'idempotent') AS k(
        ticket_id uuid, api_key uuid, key text, fingerprint text, answer jsonb, created_at timestamptz)
        ON k.ticket_id = t.id
), {_WRITTEN.strip()}
SELECT id, number FROM t
"""


def _save(columns: Iterable[str], rows: str) -> str:
    """A change raises the epoch by one: what was decided on an older one finds no row."""
    return f"""
WITH t AS (
    UPDATE ticket SET {", ".join(f"{name} = n.{name}" for name in columns)}
    FROM {rows} WHERE ticket.id = n.id AND ticket.epoch = n.epoch - 1
    RETURNING ticket.id, ticket.epoch
), {_WRITTEN.strip()}
SELECT id FROM t
"""


SAVE = _save((name for name in COLUMNS if name != "id"), f"{_TICKETS} AS n")

# Where only time has passed, for less than half: no subject is made searchable again, no decision read.
_AGED = """jsonb_to_recordset($1::jsonb -> 'tickets') AS n(
    id uuid, epoch integer, clocks jsonb, runs jsonb, due_at timestamptz, tick_at timestamptz,
    updated_at timestamptz)"""
SAVE_TIMED = _save(TIMED, _AGED)

INTERN = "INSERT INTO terms (id, body, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
TERMS = "SELECT body FROM terms WHERE id = $1"

CLAIM_DUE = f"""
SELECT {TICKET.columns} FROM ticket WHERE tick_at <= $1 ORDER BY tick_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""
# What is said of an older epoch is void (law 2): whatever was done to the ticket since may have mended it.
FAILURES = "SELECT failures FROM set_aside WHERE ticket_id = $1 AND epoch = $2"
SET_ASIDE = """
WITH put_off AS (UPDATE ticket SET tick_at = $2, epoch = epoch + 1 WHERE id = $1 RETURNING id, epoch)
INSERT INTO set_aside (ticket_id, epoch, failures, reason) SELECT id, epoch, $3, $4 FROM put_off
ON CONFLICT (ticket_id) DO UPDATE
SET epoch = excluded.epoch, failures = excluded.failures, reason = excluded.reason
"""

NEXT_INSTANT = """
SELECT least((SELECT min(tick_at) FROM ticket WHERE tick_at IS NOT NULL),
             (SELECT min(route_at) FROM ticket WHERE waiting_since IS NOT NULL),
             (SELECT min(react_by) FROM ticket WHERE react_by IS NOT NULL),
             (SELECT min(expires_at) FROM agent_state WHERE expires_at IS NOT NULL),
             (SELECT min(leave_starts_at) FROM agent_state
              WHERE leave_starts_at IS NOT NULL AND presence <> 'on_leave'),
             (SELECT min(leave_ends_at) FROM agent_state WHERE leave_ends_at IS NOT NULL))
"""
