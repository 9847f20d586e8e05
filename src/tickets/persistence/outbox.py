"""The outbox in PostgreSQL: what must leave, who is sending it, and what became of it.

`wake_at` is when the relay rings for a row; `leased_until` is before when nobody may claim it, because
somebody is sending it or because it is too soon to try again.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from msgspec import Struct

from tickets.application.notices.digest import Gathered
from tickets.application.outbox.deliver import Again, Claimed, Dead, Verdict, Withdrawn
from tickets.application.outbox.endpoint import HELD, LONGEST_HELD, PAUSES, Turn
from tickets.domain.words import Instant
from tickets.intake.text import storable
from tickets.persistence import outbox_sql as sql
from tickets.persistence.endpoints import PostgresEndpoints
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

State = Literal["pending", "settled", "dead", "withdrawn", "expired", "gathered"]


class Leaving(Struct, frozen=True, kw_only=True):
    """A row of the outbox without its bytes.

    `wake_at` is when it is looked at next, `settled_at` when it was over. `held_since`: its endpoint has no
    room for it, or is left alone. `put_off_until`: quiet hours, or the hour of a digest, end then.
    `gathered_into` is the digest a page is in.
    """

    id: UUID
    state: State
    way: str
    destination: str
    endpoint: str
    cause: dict[str, object]
    attempts: int
    last_error: str | None
    wake_at: Instant | None
    held_since: Instant | None
    put_off_until: Instant | None
    gathered_into: UUID | None
    created_at: Instant
    replayed_at: Instant | None
    settled_at: Instant | None


class LeavingFilter(Struct, frozen=True, kw_only=True):
    """Which rows; None is any."""

    state: State | None = None
    way: str | None = None
    destination: str | None = None
    endpoint: str | None = None


_LEAVING = Rows(Leaving)
_GATHERED = Rows(Gathered)

HOUR = timedelta(hours=1)

PAGE = f"""
SELECT {_LEAVING.columns} FROM outbox
WHERE ($1::uuid IS NULL OR id < $1) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR way = $3)
  AND ($4::text IS NULL OR destination = $4) AND ($5::text IS NULL OR endpoint = $5)
ORDER BY id DESC LIMIT $6
"""
FIND = f"SELECT {_LEAVING.columns} FROM outbox WHERE id = $1"


class Backlog(Struct, frozen=True):
    """How much waits to leave, since when the oldest of it should have, and how much was given up."""

    pending: int
    oldest: datetime | None
    dead: int


_BACKLOG = Rows(Backlog)

BACKLOG = """
SELECT count(*), min(greatest(coalesce(replayed_at, created_at), put_off_until)),
       (SELECT count(*) FROM outbox WHERE state IN ('dead', 'expired'))
FROM outbox WHERE wake_at IS NOT NULL
"""


class PostgresOutbox:
    """The `Outbox` of the use case, and what the relay, the API and the metrics ask of it.

    `here` names the process: no endpoint gets more than a share of it. `rung` is told when rows are due that
    were not, `woken` which ones when their endpoint has room for them again, `turned` when one comes to stand
    otherwise: once, by whoever's attempt it was.
    """

    def __init__(
        self,
        engine: Engine,
        here: str = "",
        rung: Callable[[], object] = lambda: None,
        turned: Callable[[Turn], object] = lambda _turn: None,
        woken: Callable[[Sequence[UUID]], object] = lambda _rows: None,
    ) -> None:
        self.engine = engine
        self.here = here
        self.rung = rung
        self.turned = turned
        self.woken = woken
        self.endpoints = PostgresEndpoints(engine, turned)

    async def ring(self, now: datetime, again_at: datetime, most: int) -> list[UUID]:
        """Up to `most` rows somebody should look at now; those nobody claims are due again at `again_at`.

        None when there are none: those due beyond what their endpoints have room for are held.
        """
        while True:
            due = await self.engine.fetch(sql.RING, now, again_at, most, now + HELD, now - LONGEST_HELD)
            rung = [row for row, is_rung in due if is_rung]
            if rung or len(due) < most:
                return rung

    async def unring(self, rows: Sequence[UUID], again_at: datetime, now: datetime) -> None:
        """Nobody could be told of these: make them due at once, except those claimed meanwhile."""
        await self.engine.execute(sql.UNRING, list(rows), again_at, now)

    async def claim(self, row: UUID, now: datetime, lease: timedelta) -> Claimed | None:
        """Take the lease; None when the row is settled, dead, held, or not due yet.

        It is held without an attempt while its endpoint has as many attempts under way as it may, or is left
        alone after failures.
        """
        found = await self.engine.fetch_row(
            sql.CLAIM, row, now, now + lease, self.here, now + HELD, now - LONGEST_HELD
        )
        if found is None:
            return None
        taken, *claimed = found
        return sql.CLAIMED.one(claimed) if taken else None

    async def conclude(self, claimed: Claimed, verdict: Verdict, now: datetime) -> bool:
        """Write the verdict, and what it says of the endpoint; False when another has claimed the row."""
        written = _written(verdict, now)
        found = await self.engine.fetch_row(
            sql.CONCLUDE, claimed.id, claimed.fence, *written, verdict.says, now, list(PAUSES)
        )
        concluded, woken, turned, name, until = found or (0, [], None, "", None)
        if woken:
            self.woken(woken)
        if turned is not None:
            self.turned(Turn(name, turned, written[2], until))
        if concluded and isinstance(verdict, Dead) and verdict.gone is not None:
            reason = storable(verdict.reason)
            gone = await self.engine.fetch_value(sql.DISABLE, claimed.id, now, verdict.gone, reason)
            if gone is not None:
                self.turned(Turn(gone, "disabled", reason))
            self.rung()
        return bool(concluded)

    async def heard(self, alert: UUID, beside: UUID, now: datetime) -> bool:
        """Whether another page of this alert has left, or is about to without waiting."""
        found: bool = await self.engine.fetch_value(sql.HEARD, str(alert), beside, now)
        return found

    async def put_off(self, claimed: Claimed, until: datetime, now: datetime) -> bool:
        """Look at it again at an instant, no attempt spent; False when somebody else has claimed it since."""
        return await self._unsent(sql.PUT_OFF, claimed.id, claimed.fence, until, now)

    async def full_until(self, claimed: Claimed, most: int, now: datetime) -> datetime | None:
        """When the hour is over in which this destination had `most` pages; None when it had fewer."""
        place = (claimed.way, claimed.destination)
        first: datetime | None = await self.engine.fetch_value(sql.FULL, *place, now - HOUR, most)
        return None if first is None else first + HOUR

    async def gather(self, claimed: Claimed, digest: UUID, until: datetime, now: datetime) -> bool:
        """Put a page into the digest of its destination, or into a new one, `digest`; in a transaction."""
        place, found = (claimed.way, claimed.destination), None
        while found is None:  # none: somebody has just claimed the one that was open
            await self.engine.execute(sql.OPEN_DIGEST, digest, *place, until, now)
            found = await self.engine.fetch_value(sql.LOCK_DIGEST, *place)
        return await self._unsent(sql.GATHER, claimed.id, claimed.fence, found, now)

    async def _unsent(self, statement: str, *values: object) -> bool:
        done, woken = await self.engine.fetch_row(statement, *values) or (0, [])
        if woken:
            self.woken(woken)
        return bool(done)

    async def gathered(self, digest: UUID) -> list[Gathered]:
        """What is in a digest, oldest first."""
        return _GATHERED.all(await self.engine.fetch(sql.GATHERED, digest))

    async def write(self, claimed: Claimed, body: bytes) -> bool:
        """Keep the bytes of a digest; False when another has claimed it since."""
        return await self.engine.execute(sql.WRITE, claimed.id, claimed.fence, body) == "UPDATE 1"

    async def scatter(self, digest: UUID, now: datetime) -> None:
        """Let every page of a digest that could not leave try by itself."""
        await self.engine.execute(sql.SCATTER, digest, now)
        self.rung()

    async def reaches(self, alert: UUID) -> bool:
        """Whether a page of this alert has left, or still may."""
        found: bool = await self.engine.fetch_value(sql.REACHES, str(alert))
        return found

    async def page(self, wanted: LeavingFilter, most: int, before: UUID | None = None) -> list[Leaving]:
        """A page of rows, newest first; `before` is the last id of the page before."""
        asked = (wanted.state, wanted.way, wanted.destination, wanted.endpoint)
        return _LEAVING.all(await self.engine.fetch(PAGE, before, *asked, most))

    async def find(self, row: UUID) -> Leaving | None:
        """One row."""
        return _LEAVING.optional(await self.engine.fetch_row(FIND, row))

    async def replay(self, row: UUID, now: datetime) -> bool:
        """Send a dead row after all, with its old id and bytes; False when there is no such dead row."""
        return await self.engine.execute(sql.REPLAY, row, now) == "UPDATE 1"

    async def replay_all(self, endpoint: str, destination: str | None, now: datetime) -> int:
        """The same for all that was given up of an endpoint, perhaps of one destination; how many."""
        return int(await self.engine.fetch_value(sql.REPLAY_ALL, endpoint, destination, now) or 0)

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
            return "expired" if verdict.expired else "dead", None, storable(reason), now
        case Withdrawn(reason):
            return "withdrawn", None, storable(reason), now
        case _:
            return "settled", None, None, now
