"""The first schema: desk, customers, envelopes, tickets, history, alerts, outbox, keys."""

from tickets.persistence.migrate import Script

ID = "0001"

SQL = r"""
-- Text without case and accents: what a person types is found however they type it. After NFD every
-- Vietnamese letter but D with stroke is an ASCII letter and marks, so the C locale's lower() is enough.
CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT lower(translate(regexp_replace(normalize($1, NFD), '[\u0300-\u036f]', '', 'g'), 'Đđ', 'Dd')) $$;

-- Configuration: every version of every object is kept, because tickets pin the versions they run on.
CREATE TABLE desk_object (
    kind text NOT NULL,
    key text NOT NULL,
    version integer NOT NULL,
    body jsonb,                                     -- NULL: retired by this version
    published_at timestamptz NOT NULL,
    PRIMARY KEY (kind, key, version)
);
-- One row. Processes hold a compiled desk; writing under an older revision than this is refused.
CREATE TABLE desk_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL
);
INSERT INTO desk_head (revision) VALUES (0);

-- Random bytes the installation made for itself once (keyed Message-IDs and the like).
CREATE TABLE installation_secret (name text PRIMARY KEY, value bytea NOT NULL);

CREATE TABLE api_key (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,                     -- SHA-256 of the key; the key itself is shown once
    scopes text[] NOT NULL,
    agent text,                                     -- acts as this agent, if any
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    revoked_at timestamptz
);

-- The answer to a POST, kept under the caller's Idempotency-Key.
CREATE TABLE idempotency (
    api_key uuid NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,                     -- SHA-256 of method, path and body
    status smallint NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (api_key, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE customer (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    language text,
    region text,
    tier text,
    created_at timestamptz NOT NULL
);
CREATE TABLE customer_identity (
    kind text NOT NULL,
    value text NOT NULL,
    customer_id uuid NOT NULL REFERENCES customer,
    PRIMARY KEY (kind, value)
);
CREATE INDEX customer_identity_customer ON customer_identity (customer_id);

-- What arrived, raw, before anybody understood it.
CREATE TABLE envelope (
    id uuid PRIMARY KEY,
    channel text NOT NULL,
    account text NOT NULL,
    media_type text NOT NULL,
    body bytea NOT NULL,
    digest bytea NOT NULL,
    idempotency_key text,
    state text NOT NULL CHECK (state IN ('received', 'accepted', 'quarantined')),
    reason text,
    ticket_id uuid,
    received_at timestamptz NOT NULL
);
CREATE INDEX envelope_unread ON envelope (received_at) WHERE state = 'received';
CREATE INDEX envelope_quarantined ON envelope (id) WHERE state = 'quarantined';

-- The terms tickets run on, each distinct set once, under the hash of its content.
CREATE TABLE terms (id bytea PRIMARY KEY, body jsonb NOT NULL, created_at timestamptz NOT NULL);

CREATE TABLE ticket (
    id uuid PRIMARY KEY,
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    epoch integer NOT NULL,                         -- moves with every change: ETag, fence of timers
    channel text NOT NULL,
    source text NOT NULL,
    account text NOT NULL,
    subject text NOT NULL,
    status text NOT NULL CHECK (status IN ('new', 'open', 'pending', 'on_hold', 'solved', 'closed')),
    priority text NOT NULL CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    customer_id uuid NOT NULL REFERENCES customer,
    customer_tier text,
    team text,
    rule text,                                      -- the routing rule that chose the team
    assignee text,
    units smallint NOT NULL,                        -- capacity it takes of its assignee
    language text,
    region text,
    tags text[] NOT NULL,
    fields jsonb NOT NULL,
    terms_id bytea NOT NULL REFERENCES terms,
    clocks jsonb NOT NULL,                          -- its promises; only the SLA engine reads inside
    due_at timestamptz,                             -- nearest due instant of a running clock
    tick_at timestamptz,                            -- when passing time next says something; a hint (law 2)
    routing jsonb,                                  -- the last decision and its explanation
    waiting_since timestamptz,                      -- set while it waits for an agent
    route_at timestamptz,                           -- when routing may next say something new
    related_to uuid,                                -- the ticket a stranger's message claimed to belong to
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    solved_at timestamptz,
    search tsvector GENERATED ALWAYS AS (to_tsvector('simple', fold(subject))) STORED,
    CHECK (assignee IS NULL OR waiting_since IS NULL)
);
CREATE INDEX ticket_tick ON ticket (tick_at) WHERE tick_at IS NOT NULL;
CREATE INDEX ticket_waiting ON ticket (route_at) WHERE waiting_since IS NOT NULL;
CREATE INDEX ticket_assignee ON ticket (assignee)
    WHERE assignee IS NOT NULL AND status NOT IN ('solved', 'closed');
CREATE INDEX ticket_customer ON ticket (customer_id);
CREATE INDEX ticket_search ON ticket USING gin (search);

-- The ledger that makes every channel idempotent: one request, one ticket or message, for ever.
CREATE TABLE intake (
    channel text NOT NULL,
    account text NOT NULL,
    external_id text NOT NULL,
    ticket_id uuid NOT NULL REFERENCES ticket,
    PRIMARY KEY (channel, account, external_id)
);
-- Keys other envelopes may refer to: Message-IDs, call ids.
CREATE TABLE conversation (
    channel text NOT NULL,
    account text NOT NULL,
    key text NOT NULL,
    ticket_id uuid NOT NULL REFERENCES ticket,
    PRIMARY KEY (channel, account, key)
);

CREATE TABLE message (
    id uuid PRIMARY KEY,
    ticket_id uuid NOT NULL REFERENCES ticket,
    kind text NOT NULL CHECK (kind IN ('customer_message', 'public_reply', 'internal_note')),
    author text NOT NULL,                           -- customer:<id>, agent:<key>, api:<key name>
    text text NOT NULL,
    html text,
    automatic boolean NOT NULL,
    written_at timestamptz,
    occurred_at timestamptz NOT NULL
);
CREATE INDEX message_ticket ON message (ticket_id, id);
CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    message_id uuid NOT NULL REFERENCES message,
    name text NOT NULL,
    media_type text NOT NULL,
    content_id text,
    content bytea NOT NULL
);
CREATE INDEX attachment_message ON attachment (message_id);

-- What happened to a ticket, in the order it was written; `signal` is what the promise engine was told.
CREATE TABLE ticket_event (
    ticket_id uuid NOT NULL REFERENCES ticket,
    epoch integer NOT NULL,
    position smallint NOT NULL,
    type text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    signal jsonb,
    data jsonb NOT NULL,
    correlation_id text,
    PRIMARY KEY (ticket_id, epoch, position)
);

-- The live part of an agent; skills and capacity are configuration.
CREATE TABLE agent_state (
    key text PRIMARY KEY,
    presence text NOT NULL CHECK (presence IN ('online', 'away', 'offline', 'on_leave')),
    load integer NOT NULL DEFAULT 0 CHECK (load >= 0),
    last_assigned_at timestamptz
);

CREATE TABLE alert (
    id uuid PRIMARY KEY,
    ticket_id uuid NOT NULL REFERENCES ticket,
    metric text NOT NULL,
    cycle integer NOT NULL,
    level text NOT NULL,
    repeat integer NOT NULL,
    covers text[] NOT NULL,
    recipients jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
    occurred_at timestamptz NOT NULL,
    detected_at timestamptz NOT NULL,
    acknowledged_by text,
    acknowledged_at timestamptz,
    UNIQUE (ticket_id, metric, cycle, level, repeat)
);
CREATE INDEX alert_open ON alert (id) WHERE state = 'open';

-- What must leave: written with its cause, sent after commit, settled once.
CREATE TABLE outbox (
    id uuid PRIMARY KEY,
    way text NOT NULL CHECK (way IN ('webhook', 'email')),
    destination text NOT NULL,                      -- webhook key, or e-mail address
    body bytea NOT NULL,                            -- the same bytes in every attempt
    cause jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('pending', 'settled', 'dead')),
    attempts integer NOT NULL DEFAULT 0,
    fence bigint NOT NULL DEFAULT 0,                -- only the holder of the newest lease may settle
    wake_at timestamptz,                            -- when to ring (again); NULL once settled or dead
    leased_until timestamptz,
    last_error text,
    created_at timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX outbox_wake ON outbox (wake_at) WHERE wake_at IS NOT NULL;
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
