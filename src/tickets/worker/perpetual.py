"""Work that never ends: repeated for as long as the process lives, whatever happens to it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=2)
"""Pauses after failures double between these two: back within seconds of the database."""

_log = structlog.get_logger("tickets.worker")


async def perpetual(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` over and over until cancelled; after a failure say so and wait, longer each time."""
    pause = FIRST_PAUSE
    while True:
        try:
            await work()
            pause = FIRST_PAUSE
        except Exception as error:  # noqa: BLE001 - a lost database or broker must not end what waits for it
            _log.warning("interrupted", work=name, error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(pause.total_seconds())
            pause = min(pause * 2, LONGEST_PAUSE)
