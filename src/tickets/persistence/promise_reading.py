"""Read models of promises: what the engine was told."""

from uuid import UUID

from tickets.application.promises.history import Line
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_LINE = Rows(Line)
_HISTORY = f"SELECT {_LINE.columns} FROM ticket_event WHERE ticket_id = $1 ORDER BY epoch, position"


class PromiseReading:
    """Answers to who asks about promises; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def history(self, ticket: UUID) -> list[Line]:
        """A ticket's whole history, in the order it was written."""
        return _LINE.all(await self.engine.fetch(_HISTORY, ticket))
