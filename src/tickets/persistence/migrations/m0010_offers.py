"""Tickets are offered, taken back when nobody reacts, and given up on only once, and aloud."""

from tickets.persistence.migrate import Script

ID = "0010"

SQL = """
ALTER TABLE ticket
    ADD COLUMN offers jsonb,                        -- the round, who refused in it, who is asked now
    ADD COLUMN offer_id uuid,                       -- the offer that is open, and whom it is made to
    ADD COLUMN offered_to text,
    ADD COLUMN react_by timestamptz,                -- its assignee must have touched it by then
    ADD COLUMN stuck text,                          -- why routing gave it up; told once
    ADD COLUMN last_agent text,                     -- who had it last, and since when
    ADD COLUMN last_agent_since timestamptz,
    ADD CHECK (offered_to IS NULL OR waiting_since IS NOT NULL),
    ADD CHECK ((offered_to IS NULL) = (offer_id IS NULL));
CREATE INDEX ticket_offered ON ticket (offered_to) WHERE offered_to IS NOT NULL;
CREATE INDEX ticket_react ON ticket (react_by) WHERE react_by IS NOT NULL;
CREATE INDEX ticket_last_agent ON ticket (customer_id, last_agent_since) WHERE last_agent IS NOT NULL;

-- Who had a ticket before there was a column for it.
UPDATE ticket SET last_agent = assignee, last_agent_since = updated_at WHERE assignee IS NOT NULL;

CREATE TABLE offer (
    id uuid PRIMARY KEY,
    ticket_id uuid NOT NULL REFERENCES ticket,
    agent text NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'accepted', 'declined', 'expired', 'withdrawn')),
    round integer NOT NULL,
    offered_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,                -- it stands up to and including this instant
    ended_at timestamptz
);
CREATE UNIQUE INDEX offer_once ON offer (ticket_id) WHERE state = 'open';
CREATE INDEX offer_agent ON offer (agent, id) WHERE state = 'open';
"""


async def forwards() -> Script:
    """The script above."""
    return Script(ID, SQL)
