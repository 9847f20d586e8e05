"""What is asked of the database in the same moment goes there in one statement.

One statement for ten requests costs PostgreSQL and us little more than for one, and they share a commit. A
request that is alone waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

import asyncpg

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

_OF_ONE = (
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.DataError,
    asyncpg.ProgramLimitExceededError,  # a key too long for its index
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
"""Errors that one request brings on all it travels with; nothing was written, so each is tried by itself."""


class Gathering(Generic[Asked, Answer]):
    """Joins what is asked at the same time.

    `run` answers many in their order. At most `lanes` of its statements are under way, each for at most
    `most` requests; those who come meanwhile travel together once a lane is free.
    """

    def __init__(
        self, run: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, lanes: int, most: int
    ) -> None:
        self._run = run
        self._most = most
        self._free = lanes
        self._called = False
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    async def ask(self, asked: Asked) -> Answer:
        """The answer to one. Raises what `run` raises for it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((asked, answer))
        if self._free and not self._called:
            self._called = True
            # After everybody who is ready now; in an empty context, for it is nobody's own transaction.
            loop.call_soon(self._leave, context=Context())
        return await answer

    def _leave(self) -> None:
        """Send off those who wait, as far as lanes are free."""
        self._called = False
        while self._free and self._waiting:
            together = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            self._free -= 1
            task = asyncio.create_task(self._travel(together))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _travel(self, together: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            await self._answer(together)
        finally:
            for _, answer in together:
                answer.cancel()  # says nothing to those who have theirs
            self._free += 1
            self._leave()

    async def _answer(self, together: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            given = await self._run([asked for asked, _ in together])
        except _OF_ONE as error:
            if len(together) == 1:
                _fail(together, error)
            else:
                for one in together:
                    await self._answer([one])
        except Exception as error:  # noqa: BLE001 - it belongs to those who asked
            _fail(together, error)
        else:
            for (_, answer), each in zip(together, given, strict=True):
                if not answer.done():  # who asked may have given up
                    answer.set_result(each)


def _fail(together: Sequence[tuple[object, asyncio.Future[Answer]]], error: Exception) -> None:
    for _, answer in together:
        if not answer.done():
            answer.set_exception(error)
