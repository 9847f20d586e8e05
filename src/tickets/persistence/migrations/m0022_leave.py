"""When an agent's leave is planned, and which teams they left and when."""

from tickets.persistence.migrate import Script

ID = "0022"

SQL = """
ALTER TABLE agent_state
    ADD COLUMN leave_starts_at timestamptz, -- both NULL: none is planned
    ADD COLUMN leave_ends_at timestamptz,
    ADD CHECK (leave_starts_at < leave_ends_at);
CREATE INDEX agent_state_leave_starts ON agent_state (leave_starts_at)
    WHERE leave_starts_at IS NOT NULL AND presence <> 'on_leave';
CREATE INDEX agent_state_leave_ends ON agent_state (leave_ends_at) WHERE leave_ends_at IS NOT NULL;

CREATE TABLE left_team ( -- when the desk last took an agent out of a team
    agent text NOT NULL,
    team text NOT NULL,
    left_at timestamptz NOT NULL,
    PRIMARY KEY (agent, team)
);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
