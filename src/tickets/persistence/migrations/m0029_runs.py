"""Runs of escalation policies live on the ticket's row; their pages are alerts that name them."""

from tickets.persistence.migrate import Script

ID = "0029"

SQL = """
ALTER TABLE ticket ADD COLUMN runs jsonb;               -- written by escalation, as clocks are by promises
ALTER TABLE alert ADD COLUMN run uuid;
DROP INDEX alert_once;
CREATE UNIQUE INDEX alert_once ON alert (ticket_id, metric, cycle, level, repeat, run) NULLS NOT DISTINCT
    WHERE state <> 'withdrawn';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
