"""The statements of placing tickets with agents, constant text so that each is planned once a connection."""

from tickets.application.ports import AgentState
from tickets.domain.ticket import Offer
from tickets.persistence.presence_store import presence_at
from tickets.persistence.rows import Rows
from tickets.persistence.ticket_sql import TICKET

OFFER = Rows(Offer)
STATE = Rows(AgentState)

RELEASE = """
UPDATE agent_state SET load = load + $2, idle_since = CASE WHEN load + $2 = 0 THEN $3 ELSE idle_since END
WHERE key = $1
"""

TAKE = f"""
WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::int[], $4::timestamptz[]) AS a(key, units, capacity, at)
), held AS ( -- in one order, so that no two who take and free can wait for each other
    SELECT key FROM agent_state WHERE key = ANY ($1) OR key = ANY ($5::text[]) ORDER BY key FOR UPDATE
)
UPDATE agent_state SET load = load + asked.units, last_assigned_at = asked.at, idle_since = NULL
FROM asked JOIN held USING (key)
WHERE agent_state.key = asked.key AND load + asked.units <= asked.capacity
  AND ({presence_at("asked.at")}) = 'online'
RETURNING agent_state.key
"""

# A hint, too (law 2): read under the lock, the row may be another one by then.
CLAIM_OVERDUE = f"""
SELECT {TICKET.columns} FROM ticket WHERE id IN (
    SELECT id FROM ticket WHERE react_by <= $1
    UNION ALL
    SELECT ticket.id FROM ticket LEFT JOIN agent_state ON key = offered_to
    WHERE offered_to IS NOT NULL AND (route_at <= $1 OR ({presence_at("$1")}) IS DISTINCT FROM 'online'
        OR offered_to = ANY ($3::text[])
        OR EXISTS (SELECT FROM left_team JOIN offer ON offer.id = offer_id
                   WHERE left_team.agent = offered_to AND left_team.team = ticket.team
                     AND left_at >= offered_at))
) ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
LEFT_TEAMS = "SELECT agent, team, left_at FROM left_team JOIN agent_state ON key = agent WHERE load > 0"
CLAIM_HELD = f"""
SELECT {TICKET.columns} FROM ticket WHERE id IN (
    SELECT ticket.id FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS gone(agent, of_team, since)
    JOIN ticket ON assignee = agent AND status NOT IN ('solved', 'closed')
        AND (of_team IS NULL OR team = of_team) AND (since IS NULL OR last_agent_since <= since)
) ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED
"""
LAST_AGENTS = """
SELECT asked, (SELECT last_agent FROM ticket WHERE customer_id = asked AND last_agent IS NOT NULL
               ORDER BY last_agent_since DESC LIMIT 1)
FROM unnest($1::uuid[]) AS asked
"""
FIND_OFFER = f"SELECT {OFFER.columns} FROM offer WHERE id = $1"
# As `routing.wanted_by` has it: the breach, or the end of the priority's patience, whichever comes first.
WANTED_BY = """least(coalesce(due_at, 'infinity'), waiting_since + CASE priority
    WHEN 'urgent' THEN interval '15 minutes' WHEN 'high' THEN interval '1 hour'
    WHEN 'normal' THEN interval '4 hours' ELSE interval '24 hours' END)"""

CLAIM_WAITING = f"""
SELECT {WANTED_BY}, {TICKET.columns} FROM ticket
WHERE waiting_since IS NOT NULL AND offered_to IS NULL AND ($3 OR route_at <= $1)
  AND ($4::timestamptz IS NULL OR ({WANTED_BY}, id) > ($4, $5::uuid))
ORDER BY 1, id LIMIT $2 FOR UPDATE SKIP LOCKED
"""
WAITING = f"""
SELECT {WANTED_BY}, {TICKET.columns} FROM ticket
WHERE waiting_since IS NOT NULL AND offered_to IS NULL
  AND ($2::timestamptz IS NULL OR ({WANTED_BY}, id) > ($2, $3::uuid))
ORDER BY 1, id LIMIT $1
"""
AGENT_STATES = f"""
SELECT key, {presence_at("$1::timestamptz")}, load, last_assigned_at, idle_since,
       CASE WHEN leave_ends_at <= $1 THEN leave_ends_at WHEN leave_starts_at <= $1 THEN leave_starts_at
            WHEN expires_at <= $1 THEN expires_at ELSE presence_since END,
       expires_at, leave_starts_at, leave_ends_at,
       CASE WHEN leave_ends_at <= $1 THEN leave_ends_at WHEN leave_starts_at <= $1 THEN NULL
            WHEN expires_at <= $1 THEN coalesce(absent_since, expires_at) ELSE absent_since END
FROM agent_state
"""
