"""Watching over a server of ours: started again when it dies under us, given up when it will not stay."""

import asyncio
import time
from collections.abc import Iterator, Sequence

import structlog

from tickets.adapters.embedded_postgres_cluster import Cluster
from tickets.errors import DatabaseUnavailable

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each attempt to start it again: the first is made at once, after the last it is given up."""

STEADY = 60.0
"""Seconds a server has to live for all attempts to be allowed again."""

_log = structlog.get_logger("tickets.postgres")


async def keep(cluster: Cluster, pauses: Sequence[float]) -> None:
    """Start the server again whenever it dies, until cancelled.

    Raises `DatabaseUnavailable` when no attempt is left.
    """
    left = iter(pauses)
    while True:
        born = time.monotonic()
        how = await cluster.death()
        died = time.monotonic()
        if died - born >= STEADY:
            left = iter(pauses)
        _log.error("postgres.died", exit_code=how)
        await _revive(cluster, left, f"PostgreSQL keeps dying (exit code {how}), see {cluster.home.log}.")
        _log.warning("postgres.revived", seconds=round(time.monotonic() - died, 3))


async def _revive(cluster: Cluster, left: Iterator[float], why: str) -> None:
    """Attempt it until it lives. Raises `DatabaseUnavailable` when no attempt is left, saying why."""
    for pause in left:
        await asyncio.sleep(pause)
        try:
            return await cluster.restart()
        except DatabaseUnavailable as failure:
            why = str(failure)
            _log.error("postgres.not_revived", reason=why)
    raise DatabaseUnavailable(why)
