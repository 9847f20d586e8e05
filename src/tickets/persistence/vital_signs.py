"""What only the database can say of our own health: its clock, and the heartbeat that is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from tickets.persistence.engine import Engine

ROW = UUID("00000000-0000-7000-8000-006865617274")
"""The one outbox row of the heartbeat, armed again and again: a late beat is not sent beside the next one."""

BODY = b'{"type":"heartbeat"}'

# The fence moves, so that who is still trying to send the beat before has nothing to say any more.
BEAT = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
VALUES ($1, 'heartbeat', 'heartbeat', $2, '{}', 'pending', $3, $3)
ON CONFLICT (id) DO UPDATE
SET state = 'pending', attempts = 0, fence = outbox.fence + 1, wake_at = $3, leased_until = NULL,
    last_error = NULL, settled_at = NULL, held_since = NULL, created_at = $3
WHERE outbox.created_at <= $4
RETURNING id
"""

# The one statement that asks the database for the time (law 5): to see whether clocks agree.
CLOCK = "SELECT clock_timestamp()"


async def beat(engine: Engine, now: datetime, every: timedelta) -> bool:
    """Let a heartbeat leave, unless one has within `every`, whoever armed it; whether it does."""
    return await engine.fetch_value(BEAT, ROW, BODY, now, now - every) is not None


async def skew(engine: Engine, now: Callable[[], datetime]) -> timedelta:
    """How far our clock is ahead of the database's, negative when behind, at the least."""
    before = now()
    theirs: datetime = await engine.fetch_value(CLOCK)
    return apart(before, theirs, now())


def apart(before: datetime, theirs: datetime, after: datetime) -> timedelta:
    """How far a clock was ahead of another that was read between two of its own instants, at the least."""
    if before > theirs:
        return before - theirs
    return min(after - theirs, timedelta())
