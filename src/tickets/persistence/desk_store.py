"""The desk in PostgreSQL: every version of every object, and one revision over all."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Agent
from tickets.application.desk.plan import Change
from tickets.application.desk.stored import Published, StoredObject, body_of, from_objects
from tickets.application.ports import Superseded
from tickets.persistence.engine import Engine

_REVISION = "SELECT revision FROM desk_head"
_OBJECTS = """
SELECT kind, key, body, version FROM (
    SELECT DISTINCT ON (kind, key) kind, key, body, version FROM desk_object ORDER BY kind, key, version DESC
) AS newest WHERE body IS NOT NULL
"""
_AS_OF = _OBJECTS.replace("FROM desk_object", "FROM desk_object WHERE published_at <= $1")
_LAST_EDIT = "SELECT max(published_at) FROM desk_object"
_MOVE = "UPDATE desk_head SET revision = revision + 1 WHERE revision = $1 RETURNING revision"
_WRITE = """
INSERT INTO desk_object (kind, key, version, body, published_at)
SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4 FROM desk_object WHERE kind = $1 AND key = $2
"""
_AGENT = """
INSERT INTO agent_state (key, presence, idle_since, presence_since, absent_since)
VALUES ($1, $2, $3, $3, CASE WHEN $2 IN ('away', 'offline') THEN $3::timestamptz END)
ON CONFLICT DO NOTHING
"""
_LEFT = """
INSERT INTO left_team (agent, team, left_at) SELECT $1, unnest($2::text[]), $3
ON CONFLICT (agent, team) DO UPDATE SET left_at = excluded.left_at
"""


class PostgresDesks:
    """Compiled desks, kept as long as their revision is the present one."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._compiled: CompiledDesk | None = None
        self._compiling = asyncio.Lock()

    async def current(self) -> CompiledDesk:
        """The desk as it is now; costs one small read."""
        return await self.at_least(await self._revision())

    async def at_least(self, revision: int) -> CompiledDesk:
        """The desk, no older than a revision that the caller has just read."""
        if (compiled := self._known(revision)) is not None:
            return compiled
        if self.engine.in_transaction:  # waiting with a connection in hand, for one who needs a connection
            return await self._compile()
        async with self._compiling:  # one compiles it, all who wait take it
            return self._known(revision) or await self._compile()

    def listened_to(self) -> bool:
        """Whether some webhook hears of events, as far as this process knows."""
        return self._compiled is not None and bool(self._compiled.listeners)

    def _known(self, revision: int) -> CompiledDesk | None:
        compiled = self._compiled
        return None if compiled is None or compiled.revision < revision else compiled

    async def _compile(self) -> CompiledDesk:
        found, published = await self.published()
        self._compiled = CompiledDesk(published, found)
        return self._compiled

    async def published(self) -> tuple[int, Published]:
        """The revision, and the desk at it or (while somebody publishes) just after."""
        revision = await self._revision()
        rows = await self.engine.fetch(_OBJECTS)
        return revision, from_objects(StoredObject(*row) for row in rows)

    async def as_of(self, at: datetime) -> CompiledDesk:
        """The desk as it stood at an instant; costs little where it has not been edited since."""
        current = await self.current()
        edited: datetime | None = await self.engine.fetch_value(_LAST_EDIT)
        if edited is None or edited <= at:
            return current
        rows = await self.engine.fetch(_AS_OF, at)
        return CompiledDesk(from_objects(StoredObject(*row) for row in rows))

    async def publish(self, changes: Sequence[Change], revision: int, now: datetime) -> int:
        """Write changes as new versions; the revision after. Raises `Superseded`."""
        async with self.engine.transaction():
            moved: int = await self.engine.fetch_value(_MOVE, revision) or 0
            if not moved:
                raise Superseded
            for change in changes:
                body = None if change.after is None else body_of(change.after)
                await self.engine.execute(_WRITE, change.kind, change.key, body, now)
                if isinstance(change.after, Agent):
                    await self.engine.execute(_AGENT, change.key, change.after.presence, now)
                    await self._leave_teams(change.before, change.after, now)
        return moved

    async def _leave_teams(self, before: object, after: Agent, now: datetime) -> None:
        """Remember what teams an agent is no longer in: what they hold of those may have to go back."""
        left = set(before.teams) - set(after.teams) if isinstance(before, Agent) else set()
        if left:
            await self.engine.execute(_LEFT, after.key, sorted(left), now)

    async def _revision(self) -> int:
        revision: int = await self.engine.fetch_value(_REVISION)
        return revision
