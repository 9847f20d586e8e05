"""The bare database from Python, as a process of its own: `bare.py URL CONNECTIONS SECONDS`.

The statements of the use case through a pool of asyncpg, with nothing around them: no HTTP, no decision.
Prints one line of JSON.
"""

import asyncio
import sys
import time
from itertools import count
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import uvloop
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.load import WARM_UP
from tests.bench.place import CUSTOMERS
from tests.bench.request import CUSTOMER, Recorded, record
from tests.bench.turn import Turn

from tickets.adapters.system import new_id
from tickets.persistence import ticket_sql as sql
from tickets.persistence.connection import Connection, speak_json


class Bare:
    """Sends the two statements again and again, each time with ids of its own."""

    def __init__(self, pool: asyncpg.Pool, recorded: Recorded) -> None:
        self.pool = pool
        self.recorded = recorded
        self.numbers = count(2)
        self.run = new_id().hex[-12:]
        self.seen: list[float] = []

    async def call(self) -> None:
        """One worker."""
        recorded = self.recorded
        while True:
            started = time.perf_counter()
            number = next(self.numbers)
            customer = number % CUSTOMERS + 1
            filled: dict[UUID | str, UUID | str] = {
                recorded.message: new_id(),
                recorded.ticket: new_id(),
                UUID(int=CUSTOMER): UUID(int=customer),
                recorded.external_id: f"{self.run}-{number}",
                f"customer-{CUSTOMER}@": f"customer-{customer}@",
            }
            await self.pool.fetch(sql.KNOWN, fill(recorded.known, filled))
            opened = fill(recorded.opened, filled), recorded.revision, [UUID(int=customer)]
            if not await self.pool.fetch(sql.OPEN, *opened):
                raise RuntimeError("the desk moved")
            self.seen.append(time.perf_counter() - started)


def fill(document: bytes, values: dict[UUID | str, UUID | str]) -> bytes:
    """A recorded document with other values in the place of its own."""
    for recorded, value in values.items():
        document = document.replace(str(recorded).encode(), str(value).encode())
    return document


async def loop(url: str, connections: int, seconds: float) -> Turn:
    """What a turn of so many seconds came to, after a short warm-up."""
    recorded = await record(url)
    pool = await asyncpg.create_pool(
        url, min_size=connections, max_size=connections, init=speak_json, reset=_keep
    )
    bare = Bare(pool, recorded)
    workers = [asyncio.create_task(bare.call()) for _ in range(connections)]
    await asyncio.wait(workers, timeout=WARM_UP)
    bare.seen.clear()
    started, spent = time.perf_counter(), time.process_time()
    await asyncio.wait(workers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    took = time.perf_counter() - started
    if failed := next((worker for worker in workers if worker.done()), None):
        failed.result()
    spent = 1000 * (time.process_time() - spent) / len(bare.seen)
    turn = replace(Turn.of(bare.seen, took), cpu=spent)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    await pool.close()
    return turn


async def _keep(_connection: Connection) -> None:
    """No round trip between two uses, as the service has it."""


if __name__ == "__main__":
    _, url, connections, seconds = sys.argv
    turn = uvloop.run(loop(url, int(connections), float(seconds)))
    sys.stdout.buffer.write(msgspec.json.encode(turn))
