"""Every broker carries bells from the relay to the workers; what it doubles or loses changes nothing."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID, uuid4

import pytest
from dramatiq import Broker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.common import xq_name
from dramatiq.errors import BrokerConnectionError as Unreachable
from msgspec.structs import replace
from pika import BlockingConnection, URLParameters  # type: ignore[import-untyped]
from pika.exceptions import ChannelClosedByBroker  # type: ignore[import-untyped]
from redis import Redis
from redis.exceptions import RedisError
from tests.worker.brokers import delete_queues, free_port, rabbitmq, redis
from tests.worker.stage import START, Clock, delivery, put

from tickets.application.outbox.deliver import Outcome
from tickets.errors import SettingsInvalid
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox
from tickets.worker.actors import QUEUE, deliver_actor
from tickets.worker.broker import idle_poll, make_broker
from tickets.worker.onward import Onward
from tickets.worker.relay import Relay
from tickets.worker.ring import Ring, RingThroughBroker, RingThroughDatabase
from tickets.worker.runner import Runner

SERVERS = {"redis": redis, "rabbitmq": rabbitmq}


@pytest.fixture(scope="module", params=["database", "redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "database":
        yield None
        return
    if request.param == "rabbitmq":
        yield request.getfixturevalue("rabbitmq_url")
        return
    with redis() as url:
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
    engine: Engine,
    broker_url: str | None,
    deliver: Callable[[UUID], Awaitable[object]],
    onward: Onward | None = None,
) -> AsyncIterator[Ring]:
    """A broker and a runner, as a process has them; how to ring."""
    broker = make_broker(broker_url, engine.url)
    runner = Runner(broker, deliver, threads=4, onward=onward)
    actor = deliver_actor(broker, runner.submit)
    through_broker = RingThroughBroker(actor)
    runner.start()
    try:
        yield through_broker if broker_url else RingThroughDatabase(engine, actor)
    finally:
        await runner.stop()
        through_broker.close()
        await asyncio.to_thread(broker.close)


async def ring_for_those_held(relay: Relay, way: Counting) -> None:
    """Let the relay ring for rows whose endpoint had no room, until all were sent."""
    while not way.all_made.is_set():
        await relay.ring_due()
        await asyncio.sleep(0.05)


async def test_what_is_rung_for_is_sent_once_even_when_bells_are_doubled(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, broker_url: str | None
) -> None:
    rows = [await put(engine) for _ in range(20)]
    way = Counting(len(rows))
    async with house(engine, broker_url, delivery(engine, clock, webhook=way)) as ring, asyncio.timeout(30):
        await ring(rows)
        relay = Relay(outbox=outbox, ring=ring, clock=clock, woken=asyncio.Event())
        assert await relay.ring_due() in range(21)  # doubled: the first bells may have been answered already
        await ring_for_those_held(relay, way)
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
            relay = Relay(outbox=PostgresOutbox(engine), ring=one, clock=clock, woken=asyncio.Event())
            await ring_for_those_held(relay, way)
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


@pytest.fixture
def wipe(broker_url: str | None, engine: Engine) -> Callable[[], Awaitable[object]]:
    """Lose everything a broker has, queues included, while everybody is connected."""
    if broker_url is None:
        return lambda: engine.execute("TRUNCATE dramatiq.queue")
    if broker_url.startswith("redis"):
        client = Redis.from_url(broker_url)

        async def flush() -> None:
            await asyncio.to_thread(client.flushall)
            client.close()

        return flush

    return lambda: asyncio.to_thread(delete_queues, broker_url)


async def test_a_broker_wiped_with_everything_in_it_loses_nothing(
    engine: Engine,
    outbox: PostgresOutbox,
    clock: Clock,
    broker_url: str | None,
    wipe: Callable[[], Awaitable[object]],
) -> None:
    rows = [await put(engine, destination=str(n)) for n in range(20)]
    way, begun, go_on = Counting(len(rows)), asyncio.Event(), asyncio.Event()
    deliver = delivery(engine, clock, webhook=way)

    async def slow(row: UUID) -> None:
        begun.set()
        await go_on.wait()
        await deliver(row)

    async with house(engine, broker_url, slow) as ring, asyncio.timeout(60):
        relay = Relay(outbox=outbox, ring=ring, clock=clock, woken=asyncio.Event())
        assert await relay.ring_due() == len(rows)
        await begun.wait()
        await wipe()
        go_on.set()
        while not way.all_made.is_set():  # every bell may be lost: the rows are not
            clock.forward(seconds=relay.again.total_seconds())
            with suppress(Exception):  # a queue that is gone is refused until somebody declares it anew
                await relay.ring_due()
            await asyncio.sleep(0.2)
    assert way.rows == Counter(rows)


async def test_bells_doubled_shuffled_and_dropped_send_every_row_once(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, broker_url: str | None
) -> None:
    rows = [await put(engine) for _ in range(40)]
    way, dice = Counting(len(rows)), random.Random(3)  # noqa: S311 - repeatable, not secret
    async with house(engine, broker_url, delivery(engine, clock, webhook=way)) as ring, asyncio.timeout(60):

        async def careless(due: Sequence[UUID]) -> None:
            passing = [row for row in due if dice.random() >= 0.3] * 2
            dice.shuffle(passing)
            await ring(passing)

        relay = Relay(outbox=outbox, ring=careless, clock=clock, woken=asyncio.Event())
        while not way.all_made.is_set():
            await relay.ring_due()
            await asyncio.sleep(0.1)
            clock.forward(seconds=relay.again.total_seconds())
    assert way.rows == Counter(rows)


@pytest.mark.parametrize("server", SERVERS)
async def test_a_broker_that_is_away_at_the_start_is_waited_for(
    engine: Engine, outbox: PostgresOutbox, clock: Clock, server: str
) -> None:
    row, way, port = await put(engine), Counting(1), free_port()
    user = "guest:guest@" if server == "rabbitmq" else ""
    url = f"{'amqp' if server == 'rabbitmq' else 'redis'}://{user}127.0.0.1:{port}"
    async with house(engine, url, delivery(engine, clock, webhook=way)) as ring, asyncio.timeout(120):
        relay = Relay(outbox=outbox, ring=ring, clock=clock, woken=asyncio.Event())
        with pytest.raises((Unreachable, RedisError)):
            await relay.ring_due()
        running = SERVERS[server](port)
        await asyncio.to_thread(running.__enter__)
        try:
            while not way.all_made.is_set():
                with suppress(Unreachable, RedisError):
                    await relay.ring_due()
                await asyncio.sleep(0.2)
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)
    assert way.rows == Counter([row])


async def test_queues_of_rabbitmq_are_quorum_queues(engine: Engine, broker_url: str | None) -> None:
    if broker_url is None or not broker_url.startswith("amqp"):
        pytest.skip("only RabbitMQ has them")

    async def forget(_row: UUID) -> None:
        return

    async with house(engine, broker_url, forget) as ring:
        await ring([uuid4()])

        def declared() -> None:
            with BlockingConnection(URLParameters(broker_url)) as connection:
                arguments = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": xq_name(QUEUE)}
                with pytest.raises(ChannelClosedByBroker, match="x-queue-type"):
                    connection.channel().queue_declare(QUEUE, durable=True, arguments=arguments)

        await asyncio.to_thread(declared)


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


async def test_a_backlog_of_one_endpoint_leaves_without_a_message_for_each_row(
    engine: Engine, clock: Clock, broker_url: str | None
) -> None:
    rows, way, messages, woken = [await put(engine) for _ in range(60)], Counting(60), [0], asyncio.Event()
    onward = Onward(woken.set)
    outbox = PostgresOutbox(engine, woken=onward.woken)
    deliver = replace(delivery(engine, clock, webhook=way), outbox=outbox, settle=outbox.conclude)
    async with house(engine, broker_url, deliver, onward) as ring, asyncio.timeout(30):

        async def counted(rung: Sequence[UUID]) -> None:
            messages[0] += len(rung)
            await ring(rung)

        relay = Relay(outbox=outbox, ring=counted, clock=clock, woken=woken)
        ringing = asyncio.create_task(relay.run())
        await way.all_made.wait()
        ringing.cancel()
    assert way.rows == Counter(rows)
    assert messages[0] < len(rows)


async def test_what_nobody_goes_on_with_is_left_to_the_relay() -> None:
    rung: list[int] = []
    onward = Onward(lambda: rung.append(1))
    onward.leave()
    assert rung == []
    one, other = uuid4(), uuid4()
    onward.woken([one, other])
    assert onward.take() == one
    onward.leave()
    assert rung == [1]
    assert onward.take() is None


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
