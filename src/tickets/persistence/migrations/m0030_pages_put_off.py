"""Pages that wait for quiet hours to end, and those gathered into a digest."""

from tickets.persistence.migrate import Script

ID = "0030"

SQL = """
ALTER TABLE outbox
    ADD COLUMN put_off_until timestamptz,           -- quiet hours of whoever it is for
    ADD COLUMN gathered_into uuid,                  -- the digest that tells it
    DROP CONSTRAINT outbox_state_check,
    ADD CONSTRAINT outbox_state_check
        CHECK (state IN ('pending', 'settled', 'dead', 'withdrawn', 'expired', 'gathered'));
CREATE INDEX outbox_pages ON outbox (way, destination, settled_at)
    WHERE state = 'settled' AND cause ? 'alert';
CREATE INDEX outbox_gathered ON outbox (gathered_into) WHERE gathered_into IS NOT NULL;
CREATE UNIQUE INDEX outbox_digest ON outbox (way, destination)
    WHERE cause ? 'digest' AND state = 'pending' AND attempts = 0;
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
