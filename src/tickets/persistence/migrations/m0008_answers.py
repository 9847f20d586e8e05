"""Answers to customers: the way their messages came by, and what is known of e-mail addresses."""

from tickets.persistence.migrate import Script

ID = "0008"

SQL = """
ALTER TABLE message ADD COLUMN origin jsonb;        -- how a customer's message came

CREATE TABLE mail_address (
    address text PRIMARY KEY,
    stopped_at timestamptz,                         -- wants no receipts since
    bounced_at timestamptz                          -- mail to it came back
);
CREATE INDEX outbox_receipt ON outbox (destination, created_at) WHERE cause ? 'receipt';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
