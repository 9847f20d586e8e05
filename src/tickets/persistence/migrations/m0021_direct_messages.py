"""Direct messages: the tokens of replies, where they change, and the parts of replies that left."""

from tickets.persistence.migrate import Script

ID = "0021"

SQL = """
ALTER TABLE outbox DROP CONSTRAINT outbox_way_check;
ALTER TABLE outbox ADD CONSTRAINT outbox_way_check
    CHECK (way IN ('email', 'webhook', 'zalo', 'messenger', 'whatsapp', 'telegram'));
CREATE TABLE message_token (
    account text PRIMARY KEY,                       -- key of the message account
    given bytea NOT NULL,                           -- SHA-256 of the operator's: another starts anew
    refresh_token text NOT NULL,                    -- can be used once
    access_token text,
    expires_at timestamptz,
    renewing_until timestamptz                      -- somebody is at it, until then at most
);
CREATE TABLE sent_part (
    outbox_id uuid NOT NULL,
    part integer NOT NULL,                          -- from 0; an attempt begins behind the last that left
    PRIMARY KEY (outbox_id, part)
);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
