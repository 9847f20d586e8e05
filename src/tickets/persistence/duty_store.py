"""What has been told of on-call schedules, in PostgreSQL."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from tickets.application.desk.duty_watch import Seen, Watched
from tickets.domain.ticket import Outgoing
from tickets.persistence.engine import Engine
from tickets.persistence.outbox_sql import PUT

BEGIN = """
INSERT INTO duty_watch (schedule, told_until, look_at, revision)
SELECT key, $2, $2, 0 FROM unnest($1::text[]) AS key
WHERE NOT EXISTS (SELECT FROM duty_watch WHERE schedule = key)
ON CONFLICT DO NOTHING
"""
CLAIM = """
SELECT schedule, told_until, gap_since FROM duty_watch
WHERE schedule = ANY ($1) AND (look_at <= $2 OR revision < $3)
ORDER BY schedule FOR UPDATE SKIP LOCKED
"""
SAVE = """
UPDATE duty_watch SET told_until = $2, gap_since = $3, look_at = $4, revision = $5 WHERE schedule = $1
"""


class PostgresDuties:
    """The `DutyStore`: a row a schedule, which is also its lock."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `claim` and `save`."""
        return self.engine.transaction()

    async def claim(self, schedules: Sequence[str], revision: int, now: datetime) -> list[tuple[str, Seen]]:
        """Schedules to look at, held until the transaction ends."""
        await self.engine.execute(BEGIN, list(schedules), now)
        rows = await self.engine.fetch(CLAIM, list(schedules), now, revision)
        return [(key, Seen(told_until=until, gap_since=gap)) for key, until, gap in rows]

    async def save(
        self, schedule: str, watched: Watched, revision: int, outgoing: Sequence[Outgoing]
    ) -> None:
        """Write what is told now, and what leaves for it."""
        seen = watched.seen
        await self.engine.execute(
            SAVE, schedule, seen.told_until, seen.gap_since, watched.look_again_at, revision
        )
        for row in outgoing:
            await self.engine.execute(
                PUT, row.id, row.way, row.destination, row.body, row.cause, row.created_at
            )
