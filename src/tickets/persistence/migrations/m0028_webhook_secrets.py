"""Secrets of webhooks that one replaces while the one before it is still good."""

from tickets.persistence.migrate import Script

ID = "0028"

SQL = """
CREATE TABLE webhook_secret (
    webhook text NOT NULL,                          -- its key on the desk
    number integer NOT NULL,                        -- from 1; the highest is the present one
    secret bytea NOT NULL,
    retires_at timestamptz,                         -- until then it signs beside the one that replaced it
    PRIMARY KEY (webhook, number)
);
INSERT INTO webhook_secret (webhook, number, secret)
SELECT substr(name, 9), 1, value FROM installation_secret WHERE name LIKE 'webhook:%';
DELETE FROM installation_secret WHERE name LIKE 'webhook:%';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
