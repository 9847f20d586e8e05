"""Dramatiq's worker inside our own process: its threads take messages, our loop does the work.

So every role has one event loop and one pool of connections, and a thread is only a place in the queue.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError, Future
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from dramatiq import Broker, Worker

from tickets.worker.broker import idle_poll
from tickets.worker.onward import Onward

_log = structlog.get_logger("tickets.worker")

PATIENCE = timedelta(seconds=35)
"""How long a stop waits for attempts under way: longer than one may take."""


TURN = timedelta(seconds=1)
"""How long one message may lead from row to row: then those that wait in the broker have their turn."""


class Runner:
    """Runs `deliver` for every message of the broker, and for what is `onward` of it; `threads` at a time.

    Call `deliver_actor(broker, runner.submit)` before `start()`. `prepare` is called once for every message.
    """

    def __init__(
        self,
        broker: Broker,
        deliver: Callable[[UUID], Awaitable[object]],
        threads: int = 12,
        onward: Onward | None = None,
        prepare: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._broker = broker
        self._deliver = deliver
        self._onward = onward or Onward(lambda: None)
        self._prepare = prepare
        self._worker = Worker(broker, worker_threads=threads, worker_timeout=idle_poll(broker))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._under_way: set[Future[Any]] = set()

    def submit(self, row: UUID) -> None:
        """Attempt a row on the loop and wait for it, in a worker's thread.

        Failing is no more than a missed bell: the row is rung again, and retried by its own ladder.
        """
        if self._loop is None:
            return
        attempt = asyncio.run_coroutine_threadsafe(self._turn(row), self._loop)
        self._under_way.add(attempt)
        try:
            attempt.result()
        except CancelledError:
            _log.info("attempt_cancelled", outbox_id=str(row))
        finally:
            self._under_way.discard(attempt)

    def start(self) -> None:
        """Begin to take messages; the running loop is where the work is done."""
        self._loop = asyncio.get_running_loop()
        self._worker.start()

    async def stop(self, patience: timedelta = PATIENCE) -> None:
        """Take no more messages, wait for attempts under way, then cancel those that outlast `patience`.

        What was not begun goes back to the broker; what was cancelled is sent again when its lease ends.
        """
        cancelling = asyncio.get_running_loop().call_later(patience.total_seconds(), self._cancel)
        try:
            # A thread that cannot tell the broker what it did would try for ever: it is left behind.
            await asyncio.to_thread(self._worker.stop, int(1000 * patience.total_seconds()) + 1000)
        finally:
            cancelling.cancel()
            self._loop = None

    async def _turn(self, row: UUID) -> None:
        """Attempt a row, and those that have room because of it: a backlog needs no message for each."""
        over = monotonic() + TURN.total_seconds()
        following: UUID | None = row
        try:
            if self._prepare is not None:
                await self._prepare()
            while following is not None:
                await self._deliver(row := following)
                following = self._onward.take() if monotonic() < over else None
        except Exception as error:  # noqa: BLE001 - the database may be gone; the relay rings again
            _log.warning("attempt_interrupted", outbox_id=str(row), error=f"{type(error).__name__}: {error}")
        self._onward.leave()

    def _cancel(self) -> None:
        for attempt in list(self._under_way):
            attempt.cancel()
