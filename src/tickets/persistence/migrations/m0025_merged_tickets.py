"""Tickets that live on in another, and since when agents have been neither online nor on leave."""

from tickets.persistence.migrate import Script

ID = "0025"

SQL = """
ALTER TABLE ticket ADD COLUMN merged_into uuid REFERENCES ticket;
CREATE INDEX ticket_merged ON ticket (merged_into) WHERE merged_into IS NOT NULL;

ALTER TABLE agent_state ADD COLUMN absent_since timestamptz; -- NULL while online or on leave
UPDATE agent_state SET absent_since = presence_since WHERE presence IN ('away', 'offline');
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
