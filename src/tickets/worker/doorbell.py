"""Doorbells between processes, by NOTIFY: looking is worth while now. Losing every one loses no row.

Rung after commit and from a connection of its own: a NOTIFY inside a business transaction would take one
lock for the whole database until that commit is on disk, and halve the rate of commits.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from tickets.persistence.connection import Connection
from tickets.persistence.engine import Engine
from tickets.worker.perpetual import perpetual

DUE = "tickets_due"
WAITING = "tickets_waiting"
OUTBOX = "tickets_outbox"
AGENTS = "tickets_agents"
"""The channels: a due instant moved closer, a ticket waits for an agent, something must leave, an agent has
something to see."""

GATHER = timedelta(milliseconds=10)
"""Rings within this time are one NOTIFY."""

ALIVE = timedelta(seconds=2)
"""How often a listener makes sure that it would still hear anything."""

NOTIFY = "SELECT pg_notify(channel, '') FROM unnest($1::text[]) AS channel"


class Doorbell:
    """Rings in every process. `run()` has to be running; until then, rings are kept."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wanted: set[str] = set()
        self._asked = asyncio.Event()

    def ring(self, channel: str) -> None:
        """Ring soon; returns at once. Call it after the commit it tells of, from the loop's thread."""
        self._wanted.add(channel)
        self._asked.set()

    async def run(self) -> None:
        """Send what was asked for until cancelled, through lost connections too."""
        await perpetual("doorbell", self._connected)

    async def _connected(self) -> None:
        async with _session(self._engine) as connection:
            while True:
                await self._asked.wait()
                self._asked.clear()
                wanted, self._wanted = self._wanted, set()
                await connection.execute(NOTIFY, sorted(wanted))  # lost when it fails: everybody also polls
                await asyncio.sleep(GATHER.total_seconds())


class Listener:
    """Hears the bells of every process and calls what was given for a channel.

    After each (re)connection it calls all of them, for what was rung while nobody listened.
    """

    def __init__(self, engine: Engine, heard: Mapping[str, Callable[[], object]]) -> None:
        self._engine = engine
        self._heard = heard

    async def run(self) -> None:
        """Listen until cancelled, through lost connections too."""
        await perpetual("listener", self._connected)

    async def _connected(self) -> None:
        async with _session(self._engine) as connection:
            for channel in self._heard:
                await connection.add_listener(channel, self._hear)
            for call in self._heard.values():
                call()
            while True:
                await asyncio.sleep(ALIVE.total_seconds())
                async with asyncio.timeout(ALIVE.total_seconds()):
                    await connection.execute("SELECT 1")

    def _hear(self, _connection: Connection, _pid: int, channel: str, _payload: str) -> None:
        self._heard[channel]()


@asynccontextmanager
async def _session(engine: Engine) -> AsyncIterator[Connection]:
    connection = await engine.get_new_connection()
    try:
        yield connection
    finally:
        await connection.close()
