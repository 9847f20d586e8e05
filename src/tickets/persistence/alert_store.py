"""Alerts in PostgreSQL: found, acknowledged, taken back and over, under the lock of their ticket (law 3)."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from tickets.domain.ticket import Alert, Settled
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_ALERT = Rows(Alert)
_FIND_ALERT = f"SELECT {_ALERT.columns} FROM alert WHERE id = $1"
_TELL_ALSO = "UPDATE alert SET recipients = recipients || $2::jsonb WHERE id = $1"


def _ending(update: str, now: str) -> str:
    """Alerts that cease to be open take their unsent pages with them: how many.

    In the transaction of the cause, under the ticket's lock, and by no message: thousands of pages may wait
    for room at one endpoint. What is being sent, or waits for its next attempt, is looked at by its claim.
    """
    return f"""
WITH over AS ({update.strip()} RETURNING id, ticket_id, state), withdrawn AS (
    UPDATE outbox AS o SET state = 'withdrawn', wake_at = NULL, leased_until = NULL, held_since = NULL,
                           last_error = 'its alert is ' || over.state, settled_at = {now}
    FROM over
    WHERE o.cause ->> 'alert' = over.id::text AND over.state <> 'open' AND o.state = 'pending'
      AND (o.leased_until IS NULL OR o.leased_until <= {now})
    RETURNING o.id, over.ticket_id, jsonb_build_object(
        'way', o.way, 'destination', o.destination, 'attempts', o.attempts, 'alert', over.id,
        'reason', o.last_error) AS data
), told AS (
    INSERT INTO ticket_event (ticket_id, epoch, position, type, actor, occurred_at, detected_at, data)
    SELECT t.id, t.epoch,
           coalesce((SELECT max(position) FROM ticket_event AS e
                     WHERE e.ticket_id = t.id AND e.epoch = t.epoch), -1)
           + row_number() OVER (PARTITION BY t.id ORDER BY w.id),
           'page_withdrawn', 'outbox', {now}, {now}, w.data
    FROM withdrawn AS w JOIN ticket AS t ON t.id = w.ticket_id
)
SELECT count(*) FROM withdrawn
"""


_ACKNOWLEDGE = _ending(
    """
    UPDATE alert SET state = 'acknowledged', acknowledged_by = $3, acknowledged_at = $4, ended_at = $4
    WHERE ticket_id = $1 AND metric = $2 AND state = 'open'
    """,
    "$4",
)
_SETTLE = _ending(
    """
    UPDATE alert SET state = $3, acknowledged_by = coalesce($4, acknowledged_by),
                     acknowledged_at = coalesce($5, acknowledged_at), ended_at = coalesce(ended_at, $6)
    WHERE ticket_id = $1 AND run = $2 AND (state = 'open' OR (state = 'acknowledged' AND $3 = 'resolved'))
    """,
    "$6",
)
_WITHDRAW = _ending(
    """
    UPDATE alert SET state = 'withdrawn', ended_at = coalesce(ended_at, $6)
    WHERE ticket_id = $1 AND metric = $2 AND cycle = $3 AND level = $4 AND repeat >= $5
      AND state <> 'withdrawn'
    """,
    "$6",
)
_RESOLVE = _ending(
    """
    UPDATE alert SET state = 'resolved', ended_at = coalesce(ended_at, $2)
    WHERE ticket_id = $1 AND state IN ('open', 'acknowledged') AND ($3::text IS NULL OR metric = $3)
      AND ($4::integer IS NULL OR cycle = $4)
    """,
    "$2",
)


class PostgresAlerts:
    """What becomes of alerts behind the change that raised them. `ended_at` is when one ceased to be open.

    `withdrew` hears how many pages went with them.
    """

    def __init__(self, engine: Engine, withdrew: Callable[[int], object] = lambda _pages: None) -> None:
        self.engine = engine
        self.withdrew = withdrew

    async def find_alert(self, alert: UUID) -> Alert | None:
        """An alert as it is now; it is held by its ticket's lock (law 3)."""
        return _ALERT.optional(await self.engine.fetch_row(_FIND_ALERT, alert))

    async def tell_also(self, alert: UUID, recipients: Sequence[str]) -> None:
        """Note who else hears of an alert."""
        await self.engine.execute(_TELL_ALSO, alert, list(recipients))

    async def acknowledge_alerts(self, ticket: UUID, metric: str, by: str, now: datetime) -> None:
        """Acknowledge every open alert of a ticket's metric."""
        await self._end(_ACKNOWLEDGE, ticket, metric, by, now)

    async def settle_alerts(self, ticket: UUID, settled: Settled, now: datetime) -> None:
        """The alerts of a run that are still open are so no more."""
        at = now if settled.state == "acknowledged" else None
        by = settled.by if at else None
        await self._end(_SETTLE, ticket, settled.run, settled.state, by, at, now)

    async def withdraw_alerts(
        self, ticket: UUID, metric: str, cycle: int, level: str, repeat: int, now: datetime
    ) -> None:
        """A level was never reached, or not so often: its alerts from `repeat` on are taken back."""
        await self._end(_WITHDRAW, ticket, metric, cycle, level, repeat, now)

    async def resolve_alerts(
        self, ticket: UUID, now: datetime, metric: str | None = None, cycle: int | None = None
    ) -> None:
        """The ticket is at rest, or what alerts of a metric or its cycle were about is: they are over."""
        await self._end(_RESOLVE, ticket, now, metric, cycle)

    async def _end(self, statement: str, *values: object) -> None:
        if pages := await self.engine.fetch_value(statement, *values):
            self.withdrew(pages)
