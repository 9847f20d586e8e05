"""How often each sender submitted a form lately. Unlogged: after a crash everybody starts anew."""

from tickets.persistence.migrate import Script

ID = "0020"

SQL = """
CREATE UNLOGGED TABLE form_rate (
    form text NOT NULL,
    sender bytea NOT NULL,           -- a keyed digest of the address
    full_at timestamptz NOT NULL,    -- when the sender may send as many as ever
    PRIMARY KEY (form, sender)
);
CREATE INDEX form_rate_full ON form_rate (full_at);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
