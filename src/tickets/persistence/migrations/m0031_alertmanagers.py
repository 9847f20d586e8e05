"""What an Alertmanager is told of an alert: how its ticket was when it was raised, and when it was over."""

from tickets.persistence.migrate import Script

ID = "0031"

SQL = """
ALTER TABLE alert
    ADD COLUMN policy text NOT NULL DEFAULT '',     -- the escalation policy whose level was reached
    ADD COLUMN priority text NOT NULL DEFAULT 'normal',
    ADD COLUMN team text,
    ADD COLUMN ended_at timestamptz;                -- since when it is not open any more
UPDATE alert SET priority = ticket.priority, team = ticket.team
FROM ticket WHERE ticket.id = alert.ticket_id AND alert.state = 'open';
CREATE INDEX alert_moved ON alert (coalesce(ended_at, detected_at));
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
