"""How much each sender of a form has left, in PostgreSQL: one statement, whichever process asks."""

from datetime import datetime, timedelta

from tickets.intake import Rate
from tickets.persistence.engine import Engine

# A token bucket told by one instant, when it will be full again (GCRA, ITU-T I.371): empty is `period` ahead.
TAKE = """
WITH taken AS (
    INSERT INTO form_rate AS kept (form, sender, full_at)
    VALUES ($1, $2, $3::timestamptz + $4::interval)
    ON CONFLICT (form, sender) DO UPDATE SET full_at = greatest(kept.full_at, $3) + $4
    WHERE greatest(kept.full_at, $3) + $4 <= $3 + $5::interval
    RETURNING 1
)
SELECT EXISTS (SELECT FROM taken), (SELECT full_at FROM form_rate WHERE form = $1 AND sender = $2)
"""
_FORGET = "DELETE FROM form_rate WHERE full_at <= $1"
_LEAST = timedelta(seconds=1)


class PostgresFormRates:
    """The buckets; a row is worth keeping only until its bucket is full again."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def take(self, form: str, sender: bytes, rate: Rate, now: datetime) -> timedelta | None:
        """Take one for a sender: None, or how long until one comes free."""
        row = await self.engine.fetch_row(TAKE, form, sender, now, rate.cost, rate.period)
        taken, full_at = row if row is not None else (False, None)
        if taken:
            return None
        return max(_LEAST, (full_at or now) + rate.cost - rate.period - now)

    async def forget(self, now: datetime) -> None:
        """Drop the buckets that are full."""
        await self.engine.execute(_FORGET, now)
