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

_ID, _CUSTOMER = sql.COLUMNS.index("id"), sql.COLUMNS.index("customer_id")


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
        columns, expected = list(self.recorded.columns), self.recorded.expected
        while True:
            started = time.perf_counter()
            number = next(self.numbers)
            customer, external_id = number % CUSTOMERS + 1, f"{self.run}-{number}"
            await self.pool.fetchrow(sql.KNOWN, *self.known(customer, external_id))
            columns[_ID], columns[_CUSTOMER] = new_id(), UUID(int=customer)
            document = self.document(columns[_ID], columns[_CUSTOMER], external_id)
            if await self.pool.fetchrow(sql.OPEN, document, expected, *columns) is None:
                raise RuntimeError("the desk moved")
            self.seen.append(time.perf_counter() - started)

    def known(self, customer: int, external_id: str) -> list[object]:
        """The values of `KNOWN`."""
        channel, account, _, kinds, _, *rest = self.recorded.known
        return [channel, account, external_id, kinds, [f"customer-{customer}@example.com"], *rest]

    def document(self, ticket: object, customer: object, external_id: str) -> bytes:
        """The document of `OPEN`."""
        recorded = self.recorded
        return (
            recorded.document.replace(str(recorded.message).encode(), str(new_id()).encode())
            .replace(str(recorded.ticket).encode(), str(ticket).encode())
            .replace(str(UUID(int=CUSTOMER)).encode(), str(customer).encode())
            .replace(recorded.external_id.encode(), external_id.encode())
        )


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
