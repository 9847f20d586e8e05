"""Who is at the other end of the outbox: how many attempts they get at once, and when none at all."""

from tickets.persistence.migrate import Script

ID = "0027"

SQL = """
-- A webhook, an account of a messenger, the mail server for all mail: `outbox.endpoint` names it.
CREATE TABLE endpoint (
    name text PRIMARY KEY,
    leases jsonb NOT NULL DEFAULT '{}',             -- under way: outbox id -> [until, process, probe]
    failures integer NOT NULL DEFAULT 0,            -- in a row
    open_until timestamptz,                         -- nothing leaves before; then one attempt as a probe
    disabled_at timestamptz,                        -- it said that it is gone
    disabled_url text,
    last_error text,
    failed_at timestamptz
);
ALTER TABLE outbox
    ADD COLUMN endpoint text NOT NULL GENERATED ALWAYS AS (
        CASE way WHEN 'email' THEN 'email' WHEN 'webhook' THEN 'webhook:' || destination
                 ELSE way || ':' || split_part(destination, '/', 1) END) STORED,
    ADD COLUMN held_since timestamptz,              -- its endpoint takes no more just now
    ADD COLUMN replayed_at timestamptz,
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check CHECK (state IN ('pending', 'settled', 'dead', 'withdrawn', 'expired'));
CREATE INDEX outbox_held ON outbox (endpoint, wake_at) WHERE held_since IS NOT NULL;
DROP INDEX outbox_dead;
CREATE INDEX outbox_dead ON outbox (id) WHERE state IN ('dead', 'expired');
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
