"""Every broker carries bells from the relay to the workers; what it doubles or loses changes nothing."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest
from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from tests.worker.brokers import free_port, rabbitmq, redis
from tests.worker.stage import START, Clock, delivery, put

from tickets.application.deliver import Outcome
from tickets.errors import SettingsInvalid
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox
from tickets.worker.actors import deliver_actor
from tickets.worker.broker import idle_poll, make_broker
from tickets.worker.relay import Relay
from tickets.worker.ring import Ring, RingThroughBroker, RingThroughDatabase
from tickets.worker.runner import Runner

SERVERS = {"redis": redis, "rabbitmq": rabbitmq}


@pytest.fixture(scope="module", params=["database", "redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "database":
        yield None
        return
    with SERVERS[request.param]() as url:
        yield url


class Counting:
    """A way that counts attempts, and says when all of them were made."""

    def __init__(self, expected: int) -> None:
        self.rows: Counter[UUID] = Counter()
        self.expected = expected
        self.all_made = asyncio.Event()

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        self.rows[row] += 1
        if len(self.rows) == self.expected:
            self.all_made.set()
        return Outcome.sent()


@asynccontextmanager
async def house(
    engine: Engine, broker_url: str | None, deliver: Callable[[UUID], Awaitable[object]]
) -> AsyncIterator[Ring]:
    """A broker and a runner, as a process has them; how to ring."""
    broker = make_broker(broker_url, engine.url)
    runner = Runner(broker, deliver, threads=4)
    actor = deliver_actor(broker, runner.submit)
    through_broker = RingThroughBroker(actor)
    runner.start()
    try:
        yield through_broker if broker_url else RingThroughDatabase(engine, actor)
    finally:
        await runner.stop()
        through_broker.close()
        await asyncio.to_thread(broker.close)


async def test_what_is_rung_for_is_sent_once_even_when_bells_are_doubled(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, broker_url: str | None
) -> None:
    rows = [await put(engine) for _ in range(20)]
    way = Counting(len(rows))
    async with house(engine, broker_url, delivery(engine, clock, webhook=way)) as ring, asyncio.timeout(30):
        await ring(rows)
        relay = Relay(outbox=outbox, ring=ring, clock=clock, woken=asyncio.Event())
        assert await relay.ring_due() in range(21)  # doubled: the first bells may have been answered already
        await way.all_made.wait()
    assert way.rows == Counter(rows)


async def test_two_processes_share_the_work_and_double_nothing(
    engine: Engine, clock: Clock, broker_url: str | None
) -> None:
    rows = [await put(engine) for _ in range(30)]
    way = Counting(len(rows))
    deliver = delivery(engine, clock, webhook=way)
    async with house(engine, broker_url, deliver) as one, house(engine, broker_url, deliver) as other:
        async with asyncio.timeout(30):
            await asyncio.gather(one(rows), other(rows))
            await way.all_made.wait()
    assert way.rows == Counter(rows)


async def test_a_bell_lost_with_its_broker_is_rung_again(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, broker_url: str | None
) -> None:
    row, way = await put(engine), Counting(1)

    async def into_the_void(_rows: object) -> None:
        """A broker that takes everything and is then wiped."""

    lossy = Relay(outbox=outbox, ring=into_the_void, clock=clock, woken=asyncio.Event())
    assert await lossy.ring_due() == 1
    assert await lossy.ring_due() == 0
    clock.forward(seconds=lossy.again.total_seconds())
    async with house(engine, broker_url, delivery(engine, clock, webhook=way)) as ring, asyncio.timeout(30):
        relay = Relay(outbox=outbox, ring=ring, clock=clock, woken=asyncio.Event())
        assert await relay.ring_due() == 1
        await way.all_made.wait()
    assert way.rows == Counter([row])


async def test_work_that_fails_does_not_harm_the_worker(
    engine: Engine, clock: Clock, broker_url: str | None
) -> None:
    row, way = await put(engine), Counting(1)
    deliver = delivery(engine, clock, webhook=way)
    failures = iter([ConnectionError("the database is gone"), ValueError("a fault of ours")])

    async def troubled(outbox_id: UUID) -> None:
        for failure in failures:
            raise failure
        await deliver(outbox_id)

    async with house(engine, broker_url, troubled) as ring, asyncio.timeout(30):
        await ring([row, row, row])
        await way.all_made.wait()
    assert way.rows == Counter([row])


async def test_a_stop_does_not_wait_for_ever_and_what_was_cut_short_is_sent_again(
    engine: Engine, outbox: PostgresOutbox, clock: Clock
) -> None:
    row, begun = await put(engine), asyncio.Event()

    class Hangs:
        async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
            begun.set()
            await asyncio.Event().wait()
            raise AssertionError

    deliver = delivery(engine, clock, webhook=Hangs())
    broker = make_broker(None, engine.url)
    runner = Runner(broker, deliver, threads=1)
    actor = deliver_actor(broker, runner.submit)
    runner.start()
    await RingThroughDatabase(engine, actor)([row])
    async with asyncio.timeout(30):
        await begun.wait()
        await runner.stop(patience=deliver.limit * 0)
    await asyncio.to_thread(broker.close)
    assert await outbox.ring(START + deliver.lease, START + deliver.lease * 2, 10) == [row]


async def test_a_stop_does_not_wait_for_a_database_that_is_away() -> None:
    async def forget(_row: UUID) -> None:
        return

    broker = make_broker(None, f"postgresql://nobody@127.0.0.1:{free_port()}/none")
    runner = Runner(broker, forget, threads=1)
    deliver_actor(broker, runner.submit)
    runner.start()
    async with asyncio.timeout(20):
        await runner.stop()
    await asyncio.to_thread(broker.close)


def test_a_broker_we_do_not_know_is_refused_with_one_sentence() -> None:
    with pytest.raises(SettingsInvalid, match="TICKETS_BROKER_URL is none of redis://"):
        make_broker("kafka://somewhere", "postgresql:///x")


def test_redis_never_calls_so_its_workers_look_often() -> None:
    broker: Broker = make_broker("redis://127.0.0.1:1", "postgresql:///x")
    assert isinstance(broker, RedisBroker)
    assert idle_poll(broker) == 50
