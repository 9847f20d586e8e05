"""An index over the names senders give their requests, so that a name used twice is found."""

from tickets.persistence.migrate import Script

ID = "0003"

SQL = """
CREATE INDEX envelope_named ON envelope (channel, account, idempotency_key) WHERE idempotency_key IS NOT NULL;
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
