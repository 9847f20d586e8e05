"""Calls are kept as what was told of them; what is read often is kept beside it."""

from tickets.persistence.migrate import Script

ID = "0009"

SQL = """
CREATE TABLE call (
    account text NOT NULL,                          -- key of the hotline
    call_id text NOT NULL,                          -- the exchange's own name for it
    ticket_id uuid REFERENCES ticket,
    number text,                                    -- the other side's, E.164 where it is one
    direction text NOT NULL CHECK (direction IN ('in', 'out')),
    outcome text NOT NULL,
    answered_at timestamptz,
    ended_at timestamptz,
    silent_at timestamptz,                          -- when it is over if nothing more is heard; NULL: it is
    PRIMARY KEY (account, call_id)
);
CREATE INDEX call_number ON call (number) WHERE outcome IN ('missed', 'abandoned');
CREATE INDEX call_ticket ON call (ticket_id);
CREATE INDEX call_silent ON call (silent_at) WHERE silent_at IS NOT NULL;
CREATE TABLE call_fact (
    account text NOT NULL,
    call_id text NOT NULL,
    digest bytea NOT NULL,                          -- SHA-256 of the fact: told twice is told once
    fact jsonb NOT NULL,
    PRIMARY KEY (account, call_id, digest)
);
-- What an agent's own stream shows. `tx` is before `id`: a reader stops short of transactions under way, so
-- that nobody commits an earlier line behind its back.
CREATE TABLE agent_event (
    tx xid8 NOT NULL DEFAULT pg_current_xact_id(),
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agent text NOT NULL,
    name text NOT NULL,                             -- once for each agent
    type text NOT NULL,
    data jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (agent, name)
);
CREATE INDEX agent_event_stream ON agent_event (agent, id);
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
