"""The outbox in PostgreSQL: what must leave, who is sending it, and what became of it.

`wake_at` is when the relay rings for a row; `leased_until` is before when nobody may claim it, because
somebody is sending it or because it is too soon to try again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from tickets.application.deliver import Again, Claimed, Dead, Verdict, storable
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_CLAIMED = Rows(Claimed)

# What leaves for a ticket is written with it; this is for what leaves for something else.
PUT = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
VALUES ($1, $2, $3, $4, $5, 'pending', $6, $6)
"""

# Through the index in the order rows fell due; rows another relay is ringing for are passed over.
RING = """
UPDATE outbox SET wake_at = $2
WHERE id IN (SELECT id FROM outbox WHERE wake_at <= $1 ORDER BY wake_at LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
UNRING = "UPDATE outbox SET wake_at = $3 WHERE id = ANY ($1) AND wake_at = $2"

CLAIM = f"""
UPDATE outbox SET fence = fence + 1, attempts = attempts + 1, leased_until = $3, wake_at = $3
WHERE id = $1 AND state = 'pending' AND (leased_until IS NULL OR leased_until <= $2)
RETURNING {_CLAIMED.columns}
"""
CONCLUDE = """
UPDATE outbox SET state = $3, wake_at = $4, leased_until = $4, last_error = $5, settled_at = $6
WHERE id = $1 AND fence = $2 AND state = 'pending'
"""


class DeadRow(Struct, frozen=True, kw_only=True):
    """What could not leave, and why. `settled_at` is when it was given up."""

    id: UUID
    way: str
    destination: str
    cause: dict[str, object]
    attempts: int
    last_error: str | None
    created_at: datetime
    settled_at: datetime


_DEAD = Rows(DeadRow)

DEAD = f"""
SELECT {_DEAD.columns} FROM outbox
WHERE state = 'dead' AND ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2
"""
# The fence moves, so that a sender who was frozen all the while has nothing to say any more.
REPLAY = """
UPDATE outbox SET state = 'pending', attempts = 0, fence = fence + 1, wake_at = $2,
                  leased_until = NULL, last_error = NULL, settled_at = NULL
WHERE id = $1 AND state = 'dead'
"""


REACHES = "SELECT EXISTS (SELECT FROM outbox WHERE cause ->> 'alert' = $1 AND state <> 'dead')"


class Backlog(Struct, frozen=True):
    """How much waits to leave, since when the oldest of it does, and how much was given up."""

    pending: int
    oldest: datetime | None
    dead: int


_BACKLOG = Rows(Backlog)

BACKLOG = """
SELECT count(*), min(created_at), (SELECT count(*) FROM outbox WHERE state = 'dead')
FROM outbox WHERE wake_at IS NOT NULL
"""


class PostgresOutbox:
    """The `Outbox` of the use case, and what the relay, the API and the metrics ask of it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def ring(self, now: datetime, again_at: datetime, most: int) -> list[UUID]:
        """Up to `most` rows somebody should look at now; those nobody claims are due again at `again_at`."""
        return [row[0] for row in await self.engine.fetch(RING, now, again_at, most)]

    async def unring(self, rows: Sequence[UUID], again_at: datetime, now: datetime) -> None:
        """Nobody could be told of these: make them due at once, except those claimed meanwhile."""
        await self.engine.execute(UNRING, list(rows), again_at, now)

    async def claim(self, row: UUID, now: datetime, lease: timedelta) -> Claimed | None:
        """Take the lease; None when the row is settled, dead, held, or not due yet."""
        return _CLAIMED.optional(await self.engine.fetch_row(CLAIM, row, now, now + lease))

    async def conclude(self, claimed: Claimed, verdict: Verdict, now: datetime) -> bool:
        """Write the verdict; False when somebody else has claimed the row since."""
        written = _written(verdict, now)
        return await self.engine.execute(CONCLUDE, claimed.id, claimed.fence, *written) == "UPDATE 1"

    async def reaches(self, alert: UUID) -> bool:
        """Whether a page of this alert has left, or still may."""
        found: bool = await self.engine.fetch_value(REACHES, str(alert))
        return found

    async def dead(self, most: int, before: UUID | None = None) -> list[DeadRow]:
        """A page of what was given up, newest first; `before` is the last id of the page before."""
        return _DEAD.all(await self.engine.fetch(DEAD, before, most))

    async def replay(self, row: UUID, now: datetime) -> bool:
        """Send a dead row after all, with its old id and bytes; False when there is no such dead row."""
        return await self.engine.execute(REPLAY, row, now) == "UPDATE 1"

    async def backlog(self) -> Backlog:
        """What a metric wants to know."""
        row = await self.engine.fetch_row(BACKLOG)
        return _BACKLOG.one(row or (0, None, 0))


def _written(verdict: Verdict, now: datetime) -> tuple[str, datetime | None, str | None, datetime | None]:
    """State, when to try again, why, when it was over."""
    match verdict:
        case Again(at, reason):
            return "pending", at, storable(reason), None
        case Dead(reason):
            return "dead", None, storable(reason), now
        case _:
            return "settled", None, None, now
