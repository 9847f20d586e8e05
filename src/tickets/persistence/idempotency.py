"""Answers kept under the caller's Idempotency-Key, written in the transaction that gave them."""

from datetime import datetime

from msgspec import Raw, Struct

from tickets.application.ports import Idempotent
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows


class KeptAnswer(Struct, frozen=True):
    """An answer given before; of status 0 while what it answers is under way."""

    fingerprint: bytes
    status: int
    answer: Raw


_KEPT = Rows(KeptAnswer)
_CLAIM = """
INSERT INTO idempotency (api_key, key, fingerprint, status, answer, created_at)
VALUES ($1, $2, $3, 0, '{}', $4) ON CONFLICT DO NOTHING RETURNING true
"""
_READ = f"SELECT {_KEPT.columns} FROM idempotency WHERE api_key = $1 AND key = $2"
_KEEP = "UPDATE idempotency SET status = $3, answer = $4 WHERE api_key = $1 AND key = $2"
_RELEASE = "DELETE FROM idempotency WHERE api_key = $1 AND key = $2 AND status = 0"
_FORGET = "DELETE FROM idempotency WHERE created_at < $1"


class Idempotency:
    """The table. `claim` and `keep` belong into one transaction of the caller, around what they guard.

    Where what they guard may be done twice, `claim` may be committed before it; then `release` undoes it.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def claim(self, asked: Idempotent, now: datetime) -> KeptAnswer | None:
        """Take the key, waiting for whoever is just using it; None when it is ours now, else their answer."""
        if await self.engine.fetch_value(_CLAIM, asked.api_key, asked.key, asked.fingerprint, now):
            return None
        return _KEPT.optional(await self.engine.fetch_row(_READ, asked.api_key, asked.key))

    async def keep(self, asked: Idempotent, status: int, answer: bytes) -> None:
        """Complete the claim with the answer (JSON)."""
        await self.engine.execute(_KEEP, asked.api_key, asked.key, status, answer)

    async def release(self, asked: Idempotent) -> None:
        """Give up a claim that has no answer yet."""
        await self.engine.execute(_RELEASE, asked.api_key, asked.key)

    async def forget(self, before: datetime) -> None:
        """Drop answers older than an instant: their keys may be used again."""
        await self.engine.execute(_FORGET, before)
