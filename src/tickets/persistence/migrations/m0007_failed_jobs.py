"""A job that can never be carried out ends, and says why."""

from tickets.persistence.migrate import Script

ID = "0007"

SQL = """
ALTER TABLE job ADD COLUMN error text;
ALTER TABLE job DROP CONSTRAINT job_state_check;
ALTER TABLE job ADD CONSTRAINT job_state_check CHECK (state IN ('running', 'done', 'cancelled', 'failed'));
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
