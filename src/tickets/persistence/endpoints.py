"""The endpoints of the outbox in PostgreSQL: how they stand, and enabling those that are disabled."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tickets.application.outbox.endpoint import Endpoint, Turn
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_ENDPOINT = Rows(Endpoint)

# Those something has gone or must go to; $1 is now, $2 the one asked for, $3 the last of the page before.
_STANDING = """
WITH rows AS (
    SELECT endpoint AS name, count(*) FILTER (WHERE state = 'pending') AS pending,
           count(*) FILTER (WHERE held_since IS NOT NULL) AS held,
           count(*) FILTER (WHERE state IN ('dead', 'expired')) AS dead,
           min(created_at) FILTER (WHERE state = 'pending') AS oldest,
           max(attempts) FILTER (WHERE state = 'pending') AS most_attempts
    FROM outbox WHERE state IN ('pending', 'dead', 'expired') AND ($2::text IS NULL OR endpoint = $2)
    GROUP BY endpoint
)
SELECT name,
       CASE WHEN e.disabled_at IS NOT NULL THEN 'disabled' WHEN e.open_until IS NULL THEN 'ready'
            WHEN EXISTS (SELECT FROM jsonb_each(e.leases) AS l WHERE (l.value ->> 2)::boolean
                         AND (l.value ->> 0)::numeric > extract(epoch FROM $1::timestamptz)) THEN 'probing'
            ELSE 'open' END,
       coalesce(e.failures, 0),
       (SELECT count(*) FROM jsonb_each(e.leases) AS l
        WHERE (l.value ->> 0)::numeric > extract(epoch FROM $1::timestamptz)),
       coalesce(pending, 0), coalesce(held, 0), coalesce(dead, 0), oldest, coalesce(most_attempts, 0),
       e.open_until, e.disabled_at, e.last_error, e.failed_at
FROM rows FULL JOIN (SELECT * FROM endpoint WHERE $2::text IS NULL OR name = $2) AS e USING (name)
WHERE $3::text IS NULL OR name > $3
ORDER BY name LIMIT $4
"""
_ENABLED = "disabled_at = NULL, disabled_url = NULL, failures = 0, open_until = NULL"
_WOKEN = """
    UPDATE outbox SET wake_at = $2 WHERE id IN (
        SELECT id FROM outbox WHERE held_since IS NOT NULL AND endpoint IN (SELECT name FROM enabled)
        FOR UPDATE SKIP LOCKED)
"""
_ENABLE = f"""
WITH was AS (
    SELECT name, disabled_at IS NOT NULL OR open_until IS NOT NULL AS shut
    FROM endpoint WHERE name = $1 FOR UPDATE
), enabled AS (
    UPDATE endpoint SET {_ENABLED} FROM was WHERE endpoint.name = was.name RETURNING was.*
), woken AS ({_WOKEN})
SELECT name FROM enabled WHERE shut
"""
# Of those disabled, the ones that go to another address now.
_MOVED = f"""
UPDATE endpoint SET {_ENABLED}
FROM jsonb_each_text($1) AS now(name, url)
WHERE endpoint.name = now.name AND disabled_at IS NOT NULL AND disabled_url <> now.url
RETURNING endpoint.name
"""
_STATES = """
SELECT CASE WHEN disabled_at IS NULL THEN 'open' ELSE 'disabled' END, count(*) FROM endpoint
WHERE disabled_at IS NOT NULL OR open_until IS NOT NULL GROUP BY 1
"""


class PostgresEndpoints:
    """What operators ask of endpoints, and the desk when one moves. `turned` hears of those enabled."""

    def __init__(self, engine: Engine, turned: Callable[[Turn], object] = lambda _turn: None) -> None:
        self.engine = engine
        self.turned = turned

    async def standing(self, now: datetime, after: str | None, most: int) -> list[Endpoint]:
        """A page of endpoints by name."""
        return _ENDPOINT.all(await self.engine.fetch(_STANDING, now, None, after, most))

    async def find(self, name: str, now: datetime) -> Endpoint | None:
        """One endpoint, if anything ever went there or has to."""
        return _ENDPOINT.optional(await self.engine.fetch_row(_STANDING, now, name, None, 1))

    async def enable(self, name: str, now: datetime) -> None:
        """Let everything leave to it again, whatever it said or failed."""
        self._say([row[0] for row in await self.engine.fetch(_ENABLE, name, now)], "enabled by hand")

    async def moved(self, urls: Mapping[str, str]) -> None:
        """Enable those that have gone to another address since they were disabled."""
        found = await self.engine.fetch(_MOVED, dict(urls))
        self._say([row[0] for row in found], "it has another address")

    def _say(self, enabled: Sequence[str], reason: str) -> None:
        for name in enabled:
            self.turned(Turn(name, "ready", reason))

    async def states(self) -> dict[str, int]:
        """How many are left alone, how many disabled."""
        rows = await self.engine.fetch(_STATES)
        return {str(row[0]): row[1] for row in rows}
