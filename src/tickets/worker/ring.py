"""From outbox rows that are due to messages that wake a worker."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from dramatiq import Actor

from tickets.persistence.engine import Engine
from tickets.worker.actors import QUEUE
from tickets.worker.broker import SCHEMA

Ring = Callable[[Sequence[UUID]], Awaitable[None]]
"""Tell workers of these rows. May raise anything: the rows are due again then."""

# What the broker's own enqueue() does for one message, for all at once and on a connection of our pool.
ENQUEUE = f"""
WITH enqueued AS (
    INSERT INTO {SCHEMA}.queue (queue_name, message_id, state, message)
    SELECT $2, (message ->> 'message_id')::uuid, 'queued', message FROM jsonb_array_elements($1) AS message
)
SELECT pg_notify('dramatiq.' || $2 || '.enqueue', '')
"""


class RingThroughDatabase:
    """For the broker in our own database: one statement, however many rows."""

    def __init__(self, engine: Engine, deliver: Actor[[str], None]) -> None:
        self._engine = engine
        self._deliver = deliver

    async def __call__(self, rows: Sequence[UUID]) -> None:
        """Put a message for each row into the broker's table."""
        messages = [self._deliver.message(str(row)).asdict() for row in rows]
        await self._engine.execute(ENQUEUE, messages, QUEUE)


class RingThroughBroker:
    """For any other broker: its own client, which blocks, in one thread with one connection."""

    def __init__(self, deliver: Actor[[str], None]) -> None:
        self._deliver = deliver
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ring")

    async def __call__(self, rows: Sequence[UUID]) -> None:
        """Enqueue a message for each row."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._enqueue, rows)

    def _enqueue(self, rows: Sequence[UUID]) -> None:
        for row in rows:
            self._deliver.send(str(row))

    def close(self) -> None:
        """Let the thread end."""
        self._thread.shutdown(wait=False)
