"""Alerts in PostgreSQL: found, acknowledged, taken back and over, under the lock of their ticket (law 3)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tickets.domain.ticket import Alert, Settled
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_ALERT = Rows(Alert)
_FIND_ALERT = f"SELECT {_ALERT.columns} FROM alert WHERE id = $1"
_TELL_ALSO = "UPDATE alert SET recipients = recipients || $2::jsonb WHERE id = $1"
_ACKNOWLEDGE = """
UPDATE alert SET state = 'acknowledged', acknowledged_by = $3, acknowledged_at = $4, ended_at = $4
WHERE ticket_id = $1 AND metric = $2 AND state = 'open'
"""
_SETTLE = """
UPDATE alert SET state = $3, acknowledged_by = coalesce($4, acknowledged_by),
                 acknowledged_at = coalesce($5, acknowledged_at), ended_at = coalesce(ended_at, $6)
WHERE ticket_id = $1 AND run = $2 AND (state = 'open' OR (state = 'acknowledged' AND $3 = 'resolved'))
"""
_WITHDRAW = """
UPDATE alert SET state = 'withdrawn', ended_at = coalesce(ended_at, $6)
WHERE ticket_id = $1 AND metric = $2 AND cycle = $3 AND level = $4 AND repeat >= $5 AND state <> 'withdrawn'
"""
_RESOLVE = """
UPDATE alert SET state = 'resolved', ended_at = coalesce(ended_at, $2)
WHERE ticket_id = $1 AND state IN ('open', 'acknowledged') AND ($3::text IS NULL OR metric = $3)
  AND ($4::integer IS NULL OR cycle = $4)
"""


class PostgresAlerts:
    """What becomes of alerts behind the change that raised them. `ended_at` is when one ceased to be open."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def find_alert(self, alert: UUID) -> Alert | None:
        """An alert as it is now; it is held by its ticket's lock (law 3)."""
        return _ALERT.optional(await self.engine.fetch_row(_FIND_ALERT, alert))

    async def tell_also(self, alert: UUID, recipients: Sequence[str]) -> None:
        """Note who else hears of an alert."""
        await self.engine.execute(_TELL_ALSO, alert, list(recipients))

    async def acknowledge_alerts(self, ticket: UUID, metric: str, by: str, now: datetime) -> None:
        """Acknowledge every open alert of a ticket's metric."""
        await self.engine.execute(_ACKNOWLEDGE, ticket, metric, by, now)

    async def settle_alerts(self, ticket: UUID, settled: Settled, now: datetime) -> None:
        """The alerts of a run that are still open are so no more."""
        at = now if settled.state == "acknowledged" else None
        by = settled.by if at else None
        await self.engine.execute(_SETTLE, ticket, settled.run, settled.state, by, at, now)

    async def withdraw_alerts(
        self, ticket: UUID, metric: str, cycle: int, level: str, repeat: int, now: datetime
    ) -> None:
        """A level was never reached, or not so often: its alerts from `repeat` on are taken back."""
        await self.engine.execute(_WITHDRAW, ticket, metric, cycle, level, repeat, now)

    async def resolve_alerts(
        self, ticket: UUID, now: datetime, metric: str | None = None, cycle: int | None = None
    ) -> None:
        """The ticket is at rest, or what alerts of a metric or its cycle were about is: they are over."""
        await self.engine.execute(_RESOLVE, ticket, now, metric, cycle)
