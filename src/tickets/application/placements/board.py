"""The queues as many look at them: an answer that took long is given again for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from tickets.application.placements.queues import QueuesView

SLOW = timedelta(milliseconds=100)
"""What took longer is kept."""
KEPT = 9
"""For how many times as long as it took: so however many look, asking takes a tenth of the time at most."""


class QueueBoard:
    """Shows the queues; `as_of` says when they were looked at. Those who ask at once share an answer."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._kept: QueuesView | None = None
        self._until: datetime | None = None

    async def look(
        self, ask: Callable[[datetime], Awaitable[QueuesView]], now: Callable[[], datetime]
    ) -> QueuesView:
        """What `ask` says of this instant, or said just now if that took long."""
        async with self._asking:
            began = now()
            if self._kept is not None and self._until is not None and began < self._until:
                return self._kept
            self._kept = await ask(began)
            took = now() - began
            self._until = now() + KEPT * took if took > SLOW else None
            return self._kept
