"""Something leaves: claim an outbox row, send its bytes, settle it, or try again until a day is over."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
    """An outbox row somebody holds the lease of. `attempts` counts this one; `fence` proves the lease.

    `barred`: it is not to be tried, because nobody has to hear of its alert any more, or its endpoint is
    disabled, or had no room for it for too long.
    `alert_state` is how the alert stands that it is a page of. `since` is when it was written, replayed, or
    put off until; `priority` is its ticket's.
    """

    id: UUID
    way: str
    destination: str
    body: bytes
    cause: dict[str, object]
    attempts: int
    fence: int
    created_at: datetime
    since: datetime
    barred: Literal["over", "disabled", "held"] | None = None
    endpoint_error: str | None = None
    alert_state: str | None = None
    priority: str | None = None


Says = Literal["answers", "failed", ""]
"""What a verdict says of the endpoint: it is well, it is not, or nothing, for it was not asked."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of one attempt: taken, not this time, or never.

    `answered`: what failed is this row's affair, the endpoint is well. `gone`: the address that will never
    take anything any more.
    """

    kind: Literal["sent", "failed", "refused"]
    reason: str = ""
    retry_after: timedelta | None = None
    answered: bool = False
    gone: str | None = None

    @classmethod
    def sent(cls) -> "Outcome":
        """The receiver has it."""
        return cls(kind="sent")

    @classmethod
    def failed(
        cls, reason: str, retry_after: timedelta | None = None, *, answered: bool = False
    ) -> "Outcome":
        """It may go better later; not before `retry_after` when the receiver said so."""
        return cls(kind="failed", reason=reason, retry_after=retry_after, answered=answered)

    @classmethod
    def refused(cls, reason: str, *, gone: str | None = None) -> "Outcome":
        """The same bytes will never be taken there; with `gone`, nor will any others."""
        return cls(kind="refused", reason=reason, gone=gone)


class Settled(Struct, frozen=True):
    """It left."""

    says: Says = "answers"


class Again(Struct, frozen=True):
    """Try again at an instant."""

    at: datetime
    reason: str
    says: Says = "failed"


class Dead(Struct, frozen=True):
    """Given up; somebody has to look at it, and may replay it.

    `gone`: the address that takes nothing any more. `expired`: nobody tried any longer, it is of no use now.
    """

    reason: str
    says: Says = "answers"
    gone: str | None = None
    expired: bool = False


class Withdrawn(Struct, frozen=True):
    """Not sent, because what it was about is over."""

    reason: str
    says: Says = ""


Verdict = Settled | Again | Dead | Withdrawn


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
        return Dead(outcome.reason, gone=outcome.gone)
    says: Says = "answers" if outcome.answered else "failed"
    if attempts > len(LADDER):
        return Dead(f"gave up after {attempts} attempts: {outcome.reason}", says)
    asked = min(outcome.retry_after or timedelta(), LONGEST_WAIT)
    wait = max(LADDER[attempts - 1], asked)
    return Again(now + wait * (1 + SPREAD * jitter), outcome.reason, says)


def without_trying(claimed: Claimed, now: datetime, expiry: timedelta) -> Verdict | None:
    """What becomes of a row that is not to be sent at all; None when it is.

    A page is withdrawn when nobody has to hear of its alert any more, and expired when it is older than
    `expiry`: whoever read it now would take it for news.
    """
    if claimed.alert_state is not None and claimed.alert_state != "open":
        return Withdrawn(f"its alert is {claimed.alert_state}")
    if claimed.barred == "disabled":
        return Dead(f"its endpoint is disabled: {claimed.endpoint_error}", "")
    if claimed.barred == "held":
        return Dead(f"waited a day for its endpoint: {claimed.endpoint_error or 'it never had room'}", "")
    if claimed.alert_state is not None and now - claimed.since > expiry:
        return Dead(f"the page is older than {expiry}", "", expired=True)
    return None


class Settle(Protocol):
    """Concludes what has left, and what is withdrawn."""

    async def __call__(self, claimed: Claimed, verdict: Settled | Withdrawn, now: datetime) -> bool:
        """Write the verdict and what is told of it; False when somebody else has claimed the row since."""


PAGE_EXPIRY = timedelta(hours=12)
"""After how long a page is of no use any more, unless the desk says otherwise."""


DIGEST = "digest"
"""What marks, in a row's cause, a digest of pages: its bytes are made when it is first sent."""


async def _as_it_is(claimed: Claimed, now: datetime) -> "Claimed | Withdrawn":  # noqa: ARG001 - a `compose`
    return claimed


async def _usual_expiry() -> timedelta:
    return PAGE_EXPIRY


class HoldBack(Protocol):
    """What may keep a page from being sent just now, though nothing is wrong with it."""

    async def __call__(self, claimed: Claimed, now: datetime) -> bool:
        """Whether it is kept back: it waits, or is somebody else's affair by now."""


class Deliver(Struct, frozen=True, kw_only=True):
    """The use case. `limit` bounds one attempt; `lease` outlasts it, so that no two attempts overlap.

    `expiry` is how old a page may be; each of `hold_back` is asked before one is sent.
    `compose` makes the bytes of a digest.
    """

    outbox: Outbox
    ways: Mapping[str, Way]
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    witness: Witness
    bury: Bury
    settle: Settle
    expiry: Callable[[], Awaitable[timedelta]] = _usual_expiry
    hold_back: Sequence[HoldBack] = ()
    compose: Callable[[Claimed, datetime], Awaitable[Claimed | Withdrawn]] = _as_it_is
    limit: timedelta = timedelta(seconds=30)
    lease: timedelta = timedelta(seconds=60)

    async def __call__(self, row: UUID) -> Verdict | None:
        """Attempt a row; what was decided, or None when there was nothing to do or another holds it now."""
        claimed = await self.outbox.claim(row, self.clock(), self.lease)
        if claimed is None:
            return None
        decided = await self._decide(claimed)
        if decided is None:
            return None
        now = self.clock()
        if isinstance(decided, Dead):
            ours = await self.bury(claimed, decided, now)
        elif isinstance(decided, Settled | Withdrawn):
            ours = await self.settle(claimed, decided, now)
        else:
            ours = await self.outbox.conclude(claimed, decided, now)
        if not ours:
            return None
        self.witness(claimed, decided, now)
        return decided

    async def _decide(self, claimed: Claimed) -> Verdict | None:
        """What becomes of it; None for a page that is kept back."""
        expiry = PAGE_EXPIRY if claimed.alert_state is None else await self.expiry()
        unsent = without_trying(claimed, self.clock(), expiry)
        if unsent is not None:
            return unsent
        if claimed.alert_state is not None:
            for held_back in self.hold_back:
                if await held_back(claimed, self.clock()):
                    return None
        ready = await self.compose(claimed, self.clock()) if DIGEST in claimed.cause else claimed
        if isinstance(ready, Withdrawn):
            return ready
        outcome = await self._attempt(ready)
        return verdict(outcome, claimed.attempts, self.clock(), self.jitter())

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
