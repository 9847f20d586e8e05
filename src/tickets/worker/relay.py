"""The relay: rings for outbox rows that are due, and again for those whose message was lost on the way."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from tickets.worker.perpetual import perpetual
from tickets.worker.ring import Ring

PULSE = timedelta(milliseconds=500)
"""Longest sleep: a bell may be lost, a row never is."""

BATCH = 500
"""Most rows looked at, and rung for, at once."""


class DueRows(Protocol):
    """Outbox rows as the relay sees them."""

    async def ring(self, now: datetime, again_at: datetime, most: int) -> list[UUID]:
        """Rows to ring for now; those nobody claims are due again at `again_at`."""

    async def unring(self, rows: Sequence[UUID], again_at: datetime, now: datetime) -> None:
        """Nobody could be told of these: make them due at once."""


class Relay(Struct, frozen=True, kw_only=True):
    """Any number may run. `woken` is the doorbell; `again` is how long a message may stay unanswered."""

    outbox: DueRows
    ring: Ring
    clock: Callable[[], datetime]
    woken: asyncio.Event
    again: timedelta = timedelta(seconds=30)

    async def run(self) -> None:
        """Ring whenever rows fall due, until cancelled; through lost databases and brokers too."""
        await perpetual("relay", self._round)

    async def ring_due(self) -> int:
        """Ring once for what is due now, `BATCH` rows at most; for how many: 0 when that was all."""
        now = self.clock()
        again_at = now + self.again
        rows = await self.outbox.ring(now, again_at, BATCH)
        if rows:
            try:
                await self.ring(rows)
            except Exception:
                await self.outbox.unring(rows, again_at, now)
                raise
        return len(rows)

    async def _round(self) -> None:
        try:
            async with asyncio.timeout(PULSE.total_seconds()):
                await self.woken.wait()
        except TimeoutError:
            pass
        self.woken.clear()
        while await self.ring_due():
            pass
