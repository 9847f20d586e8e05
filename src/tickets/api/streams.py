"""Wakes the agents' event streams of this process when the database has something new for anybody."""

import asyncio
from datetime import timedelta

LONGEST_WAIT = timedelta(seconds=2)
"""A bell may be lost: a stream looks by itself after so long."""


class Streams:
    """One bell for all streams of a process; each then asks the database for its own agent's lines."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self.open = 0

    def ring(self) -> None:
        """Wake every stream."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self) -> None:
        """Sleep until the bell, or a little while."""
        try:
            async with asyncio.timeout(LONGEST_WAIT.total_seconds()):
                await self._rung.wait()
        except TimeoutError:
            return
