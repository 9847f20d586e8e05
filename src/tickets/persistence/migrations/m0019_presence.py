"""Presence that expires unless the agent's program beats, and what became of every agent's presence."""

from tickets.persistence.migrate import Script

ID = "0019"

SQL = """
ALTER TABLE agent_state
    ADD COLUMN expires_at timestamptz,     -- offline from then on; NULL: set by hand, stands until changed
    ADD COLUMN presence_since timestamptz; -- NULL: since before anybody noted it
CREATE INDEX agent_state_expires ON agent_state (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE presence_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    why text NOT NULL,
    occurred_at timestamptz NOT NULL,
    detected_at timestamptz NOT NULL
);
CREATE INDEX presence_event_agent ON presence_event (agent, id);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
