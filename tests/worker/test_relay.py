"""From a commit to a worker: bells are rung, heard, and rung again when somebody cut the wire."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

import pytest
from tests.worker.stage import Clock, put

from tickets.application.outbox.endpoint import AT_ONCE, HELD, LONGEST_HELD
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox
from tickets.worker.doorbell import DUE, OUTBOX, Doorbell, Listener
from tickets.worker.relay import BATCH, Relay

MANY = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
SELECT gen_random_uuid(), 'webhook', 'ops-' || n % 400, '', '{}', 'pending', $1, $1
FROM generate_series(1, $2::int) AS n
"""
BURST = MANY.replace("'ops-' || n % 400", "'ops'")
CUT_ALL_WIRES = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
CUT_THE_LISTENERS = CUT_ALL_WIRES + "AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')"


@asynccontextmanager
async def running(*loops: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Loops that never end, ended."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        async with asyncio.timeout(30):
            yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


class Belfry:
    """Remembers what was rung for; fails as often as told."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.rows: list[UUID] = []
        self.rang = asyncio.Event()

    async def __call__(self, rows: Sequence[UUID]) -> None:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the broker is gone")
        self.rows += rows
        self.rang.set()


@pytest.fixture
def belfry() -> Belfry:
    return Belfry()


def relay(outbox: PostgresOutbox, belfry: Belfry, clock: Clock, woken: asyncio.Event) -> Relay:
    return Relay(outbox=outbox, ring=belfry, clock=clock, woken=woken)


async def test_the_relay_finds_rows_without_any_bell(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, belfry: Belfry
) -> None:
    row = await put(engine)
    async with running(relay(outbox, belfry, clock, asyncio.Event()).run()):
        await belfry.rang.wait()
    assert belfry.rows == [row]


async def test_a_burst_is_rung_for_in_batches_without_waiting(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, belfry: Belfry
) -> None:
    rows = [await put(engine) for _ in range(3)]
    await engine.execute(MANY, clock(), 1_500)
    made = relay(outbox, belfry, clock, asyncio.Event())
    while await made.ring_due():
        pass
    assert len(belfry.rows) == len(set(belfry.rows)) == 1503
    assert set(rows) <= set(belfry.rows)


async def test_a_burst_to_one_endpoint_is_no_queue_of_messages_in_which_others_wait(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, belfry: Belfry
) -> None:
    await engine.execute(BURST, clock(), BATCH * 3)
    other = await put(engine, destination="other")
    await engine.execute("UPDATE outbox SET wake_at = $2 WHERE id = $1", other, clock())
    made = relay(outbox, belfry, clock, asyncio.Event())
    while await made.ring_due():
        pass
    assert other in belfry.rows
    assert len(belfry.rows) <= AT_ONCE * 4 + 1
    held = "SELECT count(*) FROM outbox WHERE held_since = $1 AND wake_at = $2"
    assert await engine.fetch_value(held, clock(), clock() + HELD) == BATCH * 3 + 1 - len(belfry.rows)


async def test_what_is_only_to_be_given_up_is_rung_for_at_once(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, belfry: Belfry
) -> None:
    await engine.execute(BURST, clock(), 50)
    await engine.execute("INSERT INTO endpoint (name) VALUES ('webhook:ops')")
    since = clock() - LONGEST_HELD
    await engine.execute("UPDATE outbox SET wake_at = $1, held_since = $2", clock(), since)
    assert await relay(outbox, belfry, clock, asyncio.Event()).ring_due() == 50


async def test_a_broker_that_is_gone_is_tried_again_and_loses_nothing(
    engine: Engine, outbox: PostgresOutbox, clock: Clock
) -> None:
    row, belfry = await put(engine), Belfry(failures=2)
    async with running(relay(outbox, belfry, clock, asyncio.Event()).run()):
        await belfry.rang.wait()
    assert belfry.rows == [row]
    assert belfry.failures == 0


async def test_a_database_that_drops_its_connections_does_not_end_the_relay(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, belfry: Belfry
) -> None:
    async with running(relay(outbox, belfry, clock, asyncio.Event()).run()):
        connection = await engine.get_new_connection()
        for _ in range(3):
            belfry.rang.clear()
            await connection.execute(CUT_ALL_WIRES)
            await connection.execute("UPDATE outbox SET wake_at = NULL")
            await connection.execute(MANY, clock(), 1)
            await belfry.rang.wait()
        await connection.close()
    assert len(belfry.rows) == 3


async def test_a_bell_rung_in_one_place_is_heard_in_every_other_on_its_channel_only(engine: Engine) -> None:
    bell = Doorbell(engine)
    heard: list[str] = []
    first, second = asyncio.Event(), asyncio.Event()
    ears = [
        Listener(engine, {OUTBOX: event.set, DUE: lambda: heard.append(DUE)}) for event in (first, second)
    ]
    async with running(bell.run(), *(ear.run() for ear in ears)):
        for event in (first, second):  # each is told to look once it listens
            await event.wait()
            event.clear()
        assert heard == [DUE, DUE]
        for _ in range(100):
            bell.ring(OUTBOX)
        await first.wait()
        await second.wait()
    assert heard == [DUE, DUE]


async def test_whoever_lost_the_wire_listens_again_and_looks_for_what_was_missed(engine: Engine) -> None:
    bell, heard = Doorbell(engine), asyncio.Event()
    async with running(Listener(engine, {OUTBOX: heard.set}).run()):
        await heard.wait()
        heard.clear()
        await engine.execute(CUT_THE_LISTENERS)
        await heard.wait()  # told to look, because something may have been missed
        heard.clear()
        async with running(bell.run()):
            bell.ring(OUTBOX)
            await heard.wait()
