"""How fast queues are served is read off the newest assignments."""

from tickets.persistence.migrate import Script

ID = "0011"

SQL = """
CREATE INDEX ticket_event_assigned ON ticket_event (occurred_at) WHERE type = 'assigned';
CREATE INDEX ticket_opened ON ticket USING brin (opened_at);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
