"""Read models of promises: what the engine was told, and the clocks it left."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from tickets.application.promises.history import Line
from tickets.application.promises.verdicts import Kept
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

PAGE = 500
_DAY = timedelta(days=1)
_LINE = Rows(Line)
_KEPT = Rows(Kept)
_HISTORY = f"SELECT {_LINE.columns} FROM ticket_event WHERE ticket_id = $1 ORDER BY epoch, position"

# A verdict is written with a change, so `updated_at` is never before it; one nobody has noticed yet is
# announced by `tick_at`.
_DECIDED = f"""
SELECT {_KEPT.columns} FROM ticket
WHERE ($1::uuid IS NULL OR id > $1) AND opened_at < $3 AND (updated_at >= $2 OR tick_at <= $4)
ORDER BY id LIMIT {PAGE}
"""


class PromiseReading:
    """Answers to who asks about promises; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def history(self, ticket: UUID) -> list[Line]:
        """A ticket's whole history, in the order it was written."""
        return _LINE.all(await self.engine.fetch(_HISTORY, ticket))

    async def decided(self, first: date, last: date, now: datetime) -> AsyncIterator[list[Kept]]:
        """Tickets that may have a verdict on a date in [first, last) of whatever zone, page by page."""
        start, end = _midnight(first) - _DAY, _midnight(last) + _DAY
        after: UUID | None = None
        while page := _KEPT.all(await self.engine.fetch(_DECIDED, after, start, end, now)):
            yield page
            after = page[-1].id


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
