"""Mail that is fetched: where that stands, and which process does it."""

from tickets.persistence.migrate import Script

ID = "0014"

SQL = """
CREATE TABLE mail_fetch (
    mailbox text PRIMARY KEY,
    source text NOT NULL,                           -- user, host and folder: another one starts anew
    uidvalidity bigint NOT NULL,
    last_uid bigint NOT NULL,                       -- everything up to it is committed
    holder uuid NOT NULL,
    leased_until timestamptz NOT NULL
);
CREATE INDEX envelope_digest ON envelope (digest);  -- the same bytes again, under other UIDs
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
