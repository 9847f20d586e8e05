"""Jobs: work that takes longer than a request."""

from tickets.persistence.migrate import Script

ID = "0004"

SQL = """
CREATE TABLE job (
    id uuid PRIMARY KEY,
    state text NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
    asked jsonb NOT NULL,
    asked_by text NOT NULL,
    done integer NOT NULL,                          -- tickets behind it
    total integer NOT NULL,                         -- tickets there were when it was asked for
    place uuid,                                     -- the last ticket behind it
    result jsonb NOT NULL,                          -- what it has come to so far
    created_at timestamptz NOT NULL,
    moved_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((state = 'running') = (ended_at IS NULL))
);
CREATE INDEX job_running ON job (created_at, id) WHERE state = 'running';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
