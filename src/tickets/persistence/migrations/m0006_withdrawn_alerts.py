"""An alert may be withdrawn: what it said was never so. Its level may alert again when it is reached."""

from tickets.persistence.migrate import Script

ID = "0006"

SQL = """
ALTER TABLE alert
    DROP CONSTRAINT alert_state_check,
    DROP CONSTRAINT alert_ticket_id_metric_cycle_level_repeat_key,
    ADD CONSTRAINT alert_state_check CHECK (state IN ('open', 'acknowledged', 'resolved', 'withdrawn'));
CREATE UNIQUE INDEX alert_once ON alert (ticket_id, metric, cycle, level, repeat) WHERE state <> 'withdrawn';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
