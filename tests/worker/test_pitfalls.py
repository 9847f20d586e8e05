"""What others got wrong between deciding that something leaves and its having left, one test each."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from dramatiq import Message
from dramatiq.brokers.stub import StubBroker
from tests.worker.stage import START, Clock, Obedient, delivery, put, state

from tickets.application.outbox.deliver import Again, Outcome, Settled
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox
from tickets.worker.actors import deliver_actor
from tickets.worker.relay import Relay
from tickets.worker.ring import RingThroughBroker


class Heard:
    """A ring that remembers."""

    def __init__(self) -> None:
        self.rows: list[UUID] = []

    async def __call__(self, rows: Sequence[UUID]) -> None:
        self.rows += rows


def relay(engine: Engine, clock: Clock, heard: Heard) -> Relay:
    return Relay(outbox=PostgresOutbox(engine), ring=heard, clock=clock, woken=asyncio.Event())


async def test_what_has_to_wait_waits_in_its_row_and_keeps_nothing_sooner_back(
    engine: Engine, clock: Clock
) -> None:
    """Dramatiq keeps delayed messages in the worker's memory: a window full of them starves the others."""
    later = [await put(engine, destination=f"{number}") for number in range(200)]
    await engine.execute("UPDATE outbox SET wake_at = $1", START + timedelta(hours=1))
    sooner, heard = await put(engine), Heard()
    await relay(engine, clock, heard).ring_due()
    assert heard.rows == [sooner]
    clock.forward(hours=1)
    await relay(engine, clock, heard).ring_due()
    assert set(heard.rows[1:]) == {sooner, *later}


async def test_a_message_carries_an_id_and_no_delay() -> None:
    broker = StubBroker()
    ring = RingThroughBroker(deliver_actor(broker, lambda _row: None))
    await ring([UUID(int=7)])
    ring.close()
    (queue,) = [queue for queue in broker.queues.values() if not queue.empty()]
    message = Message.decode(queue.get())
    assert (message.args, message.options) == ((str(UUID(int=7)),), {})


async def test_a_message_that_was_never_sent_since_its_process_died_after_the_commit_costs_a_look(
    engine: Engine, clock: Clock
) -> None:
    """Grafana OnCall publishes after the commit and audits every 13 minutes, when the auditor is not off."""
    row, heard, way = await put(engine), Heard(), Obedient()
    await relay(engine, clock, heard).ring_due()
    assert heard.rows == [row]
    assert await delivery(engine, clock, webhook=way)(row) == Settled()


async def test_killed_while_it_sends_a_page_is_sent_again_and_not_failed_for_good(
    engine: Engine, clock: Clock
) -> None:
    """GoAlert takes whatever was under way in a crash for failed."""

    class Mortal(Obedient):
        async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
            await super().send(destination, row, body)
            raise asyncio.CancelledError

    row, way = await put(engine), Obedient()
    with pytest.raises(asyncio.CancelledError):
        await delivery(engine, clock, webhook=Mortal())(row)
    assert await state(engine, row) == "pending"
    clock.forward(minutes=1)
    heard = Heard()
    await relay(engine, clock, heard).ring_due()
    assert heard.rows == [row]
    assert await delivery(engine, clock, webhook=way)(row) == Settled()


async def test_an_acknowledgement_that_comes_late_deletes_nothing_another_holds(
    engine: Engine, clock: Clock
) -> None:
    """Queues without a fencing token lose what a frozen worker acknowledges when it wakes up."""
    row, outbox = await put(engine), PostgresOutbox(engine)
    frozen = await outbox.claim(row, clock.now, timedelta(minutes=1))
    clock.forward(minutes=1)
    successor = await outbox.claim(row, clock.now, timedelta(minutes=1))
    assert frozen is not None
    assert successor is not None
    assert not await outbox.conclude(frozen, Settled(), clock.now)
    assert await state(engine, row) == "pending"
    again = Again(clock.now + timedelta(seconds=5), "answered 500")
    assert await outbox.conclude(successor, again, clock.now)
    assert await state(engine, row) == "pending"


async def test_429_is_tried_again_and_not_before_the_receiver_wants_it(engine: Engine, clock: Clock) -> None:
    """Alertmanager gives a notice up that is answered 429."""
    row = await put(engine)
    busy = Obedient(Outcome.failed("answered 429", timedelta(minutes=20)), Outcome.sent())
    deliver = delivery(engine, clock, webhook=busy)
    decided = await deliver(row)
    assert isinstance(decided, Again)
    assert decided.at >= START + timedelta(minutes=20)
    clock.forward(minutes=19)
    assert await deliver(row) is None
    clock.now = decided.at
    assert await deliver(row) == Settled()


async def test_more_webhooks_than_any_queue_holds_are_rows_and_none_is_dropped(
    engine: Engine, clock: Clock
) -> None:
    """Libredesk and Chatwoot send once, from a queue in memory, and drop what does not fit."""
    await engine.execute(
        """INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
           SELECT gen_random_uuid(), 'webhook', 'ops' || number / 4, '', '{}', 'pending', $1, $1
           FROM generate_series(1, 20000) AS number""",
        START,
    )
    heard = Heard()
    ringing = relay(engine, clock, heard)
    while await ringing.ring_due():
        pass
    assert len(set(heard.rows)) == 20_000
    clock.forward(minutes=1)  # nobody claimed any: the broker, and all in it, is gone
    assert await ringing.ring_due() > 0
