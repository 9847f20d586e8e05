"""What has been told of on-call schedules: hand-offs and gaps, each once."""

from tickets.persistence.migrate import Script

ID = "0012"

SQL = r"""
CREATE TABLE duty_watch (
    schedule text PRIMARY KEY,
    told_until timestamptz NOT NULL,                -- hand-offs up to here are told
    gap_since timestamptz,                          -- where the gap begins that was told last
    look_at timestamptz NOT NULL,                   -- when passing time next owes anybody something
    revision bigint NOT NULL                        -- the desk it was looked at with
);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
