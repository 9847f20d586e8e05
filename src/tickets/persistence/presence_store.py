"""Presence in PostgreSQL: what agents say of themselves, how long it holds, and what became of it.

Each statement locks agents' rows alone and no ticket's, so that law 3 is kept by all who call.
"""

from datetime import datetime

from tickets.application.assignments.presence import AgentEvent
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows


def presence_at(instant: str) -> str:
    """An agent's presence at an instant (an SQL expression), whether or not a ticker has looked since."""
    return f"""CASE
        WHEN leave_ends_at <= {instant} THEN 'offline' WHEN leave_starts_at <= {instant} THEN 'on_leave'
        WHEN expires_at <= {instant} THEN 'offline' ELSE presence END"""


_EVENT = Rows(AgentEvent)

_HOLD = "SELECT FROM agent_state WHERE key = $1 FOR UPDATE"

_SETTLE = """
WITH due AS (
    SELECT key, presence AS before, expires_at FROM agent_state
    WHERE expires_at <= $1 AND expires_at <= coalesce(leave_starts_at, 'infinity')
      AND ($2::text IS NULL OR key = $2) ORDER BY key FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE agent_state SET presence = 'offline', presence_since = due.expires_at, expires_at = NULL,
        absent_since = coalesce(absent_since, due.expires_at)
    FROM due WHERE agent_state.key = due.key
)
INSERT INTO presence_event (agent, before, after, why, occurred_at, detected_at)
SELECT key, before, 'offline', 'expired', expires_at, $1 FROM due ORDER BY expires_at, key
RETURNING agent
"""

_BEGIN_LEAVE = """
WITH due AS (
    SELECT key, presence AS before, leave_starts_at AS at FROM agent_state
    WHERE leave_starts_at <= $1 AND presence <> 'on_leave' AND ($2::text IS NULL OR key = $2)
    ORDER BY key FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE agent_state SET presence = 'on_leave', presence_since = due.at, expires_at = NULL,
        absent_since = NULL
    FROM due WHERE agent_state.key = due.key
)
INSERT INTO presence_event (agent, before, after, why, occurred_at, detected_at)
SELECT key, before, 'on_leave', 'leave_began', at, $1 FROM due ORDER BY at, key
RETURNING agent
"""

_END_LEAVE = """
WITH due AS (
    SELECT key, leave_ends_at AS at FROM agent_state
    WHERE leave_ends_at <= $1 AND ($2::text IS NULL OR key = $2) ORDER BY key FOR UPDATE SKIP LOCKED
), moved AS (
    UPDATE agent_state SET presence = 'offline', presence_since = due.at,
        absent_since = due.at, leave_starts_at = NULL, leave_ends_at = NULL
    FROM due WHERE agent_state.key = due.key
)
INSERT INTO presence_event (agent, before, after, why, occurred_at, detected_at)
SELECT key, 'on_leave', 'offline', 'leave_ended', at, $1 FROM due ORDER BY at, key
RETURNING agent
"""

_PLAN_LEAVE = "UPDATE agent_state SET leave_starts_at = $2, leave_ends_at = $3 WHERE key = $1"

_LEAVE = "SELECT leave_starts_at, leave_ends_at FROM agent_state WHERE key = $1 AND leave_ends_at > $2"

_SET = """
WITH was AS (SELECT key, presence FROM agent_state WHERE key = $1),
moved AS (
    UPDATE agent_state SET presence = $2, expires_at = $4,
        presence_since = CASE WHEN was.presence <> $2 THEN $3 ELSE presence_since END,
        absent_since = CASE WHEN $2 IN ('away', 'offline') THEN coalesce(absent_since, $3) END,
        idle_since = CASE WHEN load = 0 AND $2 = 'online' AND was.presence <> 'online'
            THEN $3 ELSE idle_since END
    FROM was WHERE agent_state.key = was.key RETURNING was.presence
)
INSERT INTO presence_event (agent, before, after, why, occurred_at, detected_at)
SELECT $1, presence, $2, $5, $3, $3 FROM moved WHERE presence <> $2
"""

_BEAT = """
UPDATE agent_state SET expires_at = greatest(expires_at, $3)
WHERE key = $1 AND expires_at > $2 AND leave_starts_at > $2 IS NOT FALSE
RETURNING expires_at
"""

_EVENTS = f"SELECT {_EVENT.columns} FROM presence_event WHERE agent = $1 ORDER BY id DESC LIMIT $2"


class PostgresPresences:
    """Agents' presence. Whoever asks for it elsewhere asks `agent_states`, which knows what has expired."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def settle(self, now: datetime, agent: str | None = None) -> list[str]:
        """Say of every agent (or of this one) whose presence has run out that it did, once; who they are."""
        steps = (_SETTLE, _BEGIN_LEAVE, _END_LEAVE)  # in the order in which they come to be
        return [row[0] for step in steps for row in await self.engine.fetch(step, now, agent)]

    async def set(
        self, agent: str, presence: str, why: str, now: datetime, expires_at: datetime | None
    ) -> bool:
        """Change an agent's presence; False for nobody of that key."""
        async with self.engine.transaction(allow_nested=True):
            if await self.engine.fetch_row(_HOLD, agent) is None:
                return False
            await self.settle(now, agent)  # what ran out before comes before in the history, too
            await self.engine.execute(_SET, agent, presence, now, expires_at, why)
        return True

    async def leave(self, agent: str, now: datetime) -> tuple[datetime, datetime] | None:
        """The leave an agent has begun or will begin, from and until when."""
        row = await self.engine.fetch_row(_LEAVE, agent, now)
        return None if row is None else (row[0], row[1])

    async def plan_leave(self, agent: str, period: tuple[datetime, datetime] | None, now: datetime) -> bool:
        """Plan it anew, or (None) not at all; False for nobody of that key.

        Who is on a leave that is called off, or put off, is offline.
        """
        async with self.engine.transaction(allow_nested=True):
            if await self.engine.fetch_row(_HOLD, agent) is None:
                return False
            await self.settle(now, agent)
            old = await self.leave(agent, now)
            await self.engine.execute(_PLAN_LEAVE, agent, *(period or (None, None)))
            if old is not None and old[0] <= now and (period is None or period[0] > now):
                await self.engine.execute(_SET, agent, "offline", now, None, "leave_cancelled")
            await self.settle(now, agent)
        return True

    async def beat(self, agent: str, now: datetime, expires_at: datetime) -> datetime | None:
        """Let a presence that runs on beats hold on; until when. None when it does not, or no more."""
        until: datetime | None = await self.engine.fetch_value(_BEAT, agent, now, expires_at)
        return until

    async def events(self, agent: str, limit: int) -> list[AgentEvent]:
        """What became of an agent's presence, from the newest on."""
        return _EVENT.all(await self.engine.fetch(_EVENTS, agent, limit))
