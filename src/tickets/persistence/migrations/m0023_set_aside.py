"""Tickets whose turn fails; and an outbox that knows no list of ways."""

from tickets.persistence.migrate import Script

ID = "0023"

SQL = """
CREATE TABLE set_aside ( -- void once the ticket's epoch has moved on
    ticket_id uuid PRIMARY KEY REFERENCES ticket ON DELETE CASCADE,
    epoch integer NOT NULL,
    failures integer NOT NULL,
    reason text NOT NULL
);
-- A way that nobody has makes a row dead, which is told; a statement refused would take its cause with it.
ALTER TABLE outbox DROP CONSTRAINT IF EXISTS outbox_way_check;
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
