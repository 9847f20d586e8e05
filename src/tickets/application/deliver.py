"""Something leaves: claim an outbox row, send its bytes, settle it, or try again until a day is over."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct

LADDER = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1_800, 3_600, 10_800, 21_600, 21_600, 21_600))
"""Waits between attempts: eleven attempts over 22 h 43 min, the first ones while somebody still waits."""

SPREAD = 0.25
"""The share by which a wait may be longer, so that what failed together does not come back together."""

LONGEST_WAIT = timedelta(hours=24)
"""The most a receiver may ask us to wait."""


class Claimed(Struct, frozen=True, kw_only=True):
    """An outbox row somebody holds the lease of. `attempts` counts this one; `fence` proves the lease."""

    id: UUID
    way: str
    destination: str
    body: bytes
    cause: dict[str, object]
    attempts: int
    fence: int
    created_at: datetime


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one attempt: taken, not this time, or never."""

    kind: Literal["sent", "failed", "refused"]
    reason: str = ""
    retry_after: timedelta | None = None

    @classmethod
    def sent(cls) -> "Outcome":
        """The receiver has it."""
        return cls(kind="sent")

    @classmethod
    def failed(cls, reason: str, retry_after: timedelta | None = None) -> "Outcome":
        """It may go better later; not before `retry_after` when the receiver said so."""
        return cls(kind="failed", reason=reason, retry_after=retry_after)

    @classmethod
    def refused(cls, reason: str) -> "Outcome":
        """The same bytes will never be taken there."""
        return cls(kind="refused", reason=reason)


class Settled(Struct, frozen=True):
    """It left."""


class Again(Struct, frozen=True):
    """Try again at an instant."""

    at: datetime
    reason: str


class Dead(Struct, frozen=True):
    """Given up; somebody has to look at it, and may replay it."""

    reason: str


Verdict = Settled | Again | Dead


class Outbox(Protocol):
    """Outbox rows as this use case sees them. Every write is void once the lease has gone to another."""

    async def claim(self, row: UUID, now: datetime, lease: timedelta) -> Claimed | None:
        """Take the lease; None when the row is settled, dead, held, or not due yet."""

    async def conclude(self, claimed: Claimed, verdict: Verdict, now: datetime) -> bool:
        """Write the verdict; False when somebody else has claimed the row since."""


class Way(Protocol):
    """A way out of the house."""

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
        """Send these bytes under this id, once. Whatever the other side does is an outcome, not an error."""


class Witness(Protocol):
    """Hears of every attempt."""

    def __call__(self, claimed: Claimed, verdict: Verdict, now: datetime) -> None:
        """Count it, log it."""


class Bury(Protocol):
    """Concludes what is given up: never just a row (law 15)."""

    async def __call__(self, claimed: Claimed, verdict: Dead, now: datetime) -> bool:
        """Write the verdict and all that follows; False when somebody else has claimed the row since."""


def verdict(outcome: Outcome, attempts: int, now: datetime, jitter: float) -> Verdict:
    """What becomes of a row after an attempt; `jitter` is a number in [0, 1)."""
    if outcome.kind == "sent":
        return Settled()
    if outcome.kind == "refused":
        return Dead(outcome.reason)
    if attempts > len(LADDER):
        return Dead(f"gave up after {attempts} attempts: {outcome.reason}")
    asked = min(outcome.retry_after or timedelta(), LONGEST_WAIT)
    wait = max(LADDER[attempts - 1], asked)
    return Again(now + wait * (1 + SPREAD * jitter), outcome.reason)


def storable(reason: str) -> str:
    """What the other side said, as PostgreSQL can keep it: a few lines at most, no NUL, valid Unicode."""
    return reason[:1_000].encode("utf-8", "replace").decode().replace("\0", "")


class Settle(Protocol):
    """Concludes what has left."""

    async def __call__(self, claimed: Claimed, verdict: Settled, now: datetime) -> bool:
        """Write the verdict and what is told of it; False when somebody else has claimed the row since."""


class Deliver(Struct, frozen=True, kw_only=True):
    """The use case. `limit` bounds one attempt; `lease` outlasts it, so that no two attempts overlap."""

    outbox: Outbox
    ways: Mapping[str, Way]
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    witness: Witness
    bury: Bury
    settle: Settle
    limit: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(seconds=60)

    async def __call__(self, row: UUID) -> Verdict | None:
        """Attempt a row; what was decided, or None when there was nothing to do or another holds it now."""
        claimed = await self.outbox.claim(row, self.clock(), self.lease)
        if claimed is None:
            return None
        outcome = await self._attempt(claimed)
        now = self.clock()
        decided = verdict(outcome, claimed.attempts, now, self.jitter())
        if isinstance(decided, Dead):
            ours = await self.bury(claimed, decided, now)
        elif isinstance(decided, Settled):
            ours = await self.settle(claimed, decided, now)
        else:
            ours = await self.outbox.conclude(claimed, decided, now)
        if not ours:
            return None
        self.witness(claimed, decided, now)
        return decided

    async def _attempt(self, claimed: Claimed) -> Outcome:
        way = self.ways.get(claimed.way)
        if way is None:
            return Outcome.refused(f"there is no way out named {claimed.way}")
        if claimed.attempts > len(LADDER) + 1:  # whoever tried before died of it
            return Outcome.refused(f"{claimed.attempts - 1} attempts ended without an outcome")
        try:
            async with asyncio.timeout(self.limit.total_seconds()):
                return await way.send(claimed.destination, claimed.id, claimed.body)
        except TimeoutError:
            return Outcome.failed(f"no answer within {self.limit.total_seconds():g} s")
        except Exception as error:  # noqa: BLE001 - a fault of ours must not lose what has to leave
            return Outcome.failed(f"{type(error).__name__}: {error}")
