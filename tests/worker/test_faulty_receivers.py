"""Receivers at fault: whatever they do, every attempt is the same id and bytes, and one taken ends it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace
from standardwebhooks import Webhook as Verifier
from tests.worker.receiver import Receiver, receiver
from tests.worker.stage import START, Clock, delivery, put, state

from tickets.adapters.webhook import Endpoint, Webhook
from tickets.adapters.webhook_address import Gate
from tickets.adapters.webhook_signature import written_secret
from tickets.application.outbox.deliver import LADDER, Again, Dead, Deliver, Settled, Verdict
from tickets.persistence.engine import Engine

SECRET = written_secret(b"0123456789abcdef0123456789abcdef")
BODY = '{"type": "ticket.opened", "data": {"subject": "Giao hàng trễ"}}'.encode()


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as made:
        yield made


@pytest.fixture
async def way(there: Receiver, clock: Clock) -> AsyncIterator[Webhook]:
    found = Endpoint(f"http://hooks.example:{there.port}/in", (SECRET,))
    made = Webhook(lambda _: found, Gate(["hooks.example"], loopback), clock, timeout=timedelta(seconds=0.3))
    yield made
    await made.close()


def well(there: Receiver) -> None:
    there.drip = False
    there.will_say("204 No Content")


def saying(status: str, *headers: str, body: bytes = b"") -> Callable[[Receiver], None]:
    return lambda there: there.will_say(status, *headers, body=body)


def hangs(there: Receiver) -> None:
    there.answer = None


def drips(there: Receiver) -> None:
    there.drip = True


def closes(there: Receiver) -> None:
    there.answer = b""


def floods(there: Receiver) -> None:
    there.answer = b"HTTP/1.1 500 Oops\r\ncontent-length: 9000000000\r\n\r\n" + b"x" * 1_000_000


FAULTS: dict[str, tuple[Callable[[Receiver], None], timedelta]] = {
    "answers 500": (saying("500 Oops"), LADDER[0]),
    "hangs": (hangs, LADDER[0]),
    "drips": (drips, LADDER[0]),
    "closes after the body": (closes, LADDER[0]),
    "sends a huge body": (floods, LADDER[0]),
    "429, in seconds": (saying("429 Slow", "retry-after: 90"), timedelta(seconds=90)),
    "429, as a date": (
        saying("429 Slow", "retry-after: Mon, 02 Mar 2026 09:10:00 GMT"),
        timedelta(minutes=10),
    ),
    "redirects": (saying("307 There", "location: http://169.254.169.254/"), LADDER[0]),
    "talks nonsense": (lambda there: setattr(there, "answer", b"\0\1\2"), LADDER[0]),
}


def deliverer(engine: Engine, clock: Clock, way: Webhook) -> Deliver:
    return delivery(engine, clock, limit=timedelta(seconds=1), webhook=way)


def same(there: Receiver, row: UUID, attempts: int) -> None:
    """Every attempt was this row, byte for byte."""
    assert [request.headers["webhook-id"] for request in there.requests] == [str(row)] * attempts
    assert {request.body for request in there.requests} == {BODY}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_tried_again_and_the_first_that_is_taken_ends_it(
    engine: Engine, clock: Clock, there: Receiver, way: Webhook, fault: str
) -> None:
    misbehave, wait = FAULTS[fault]
    row, deliver = await put(engine, body=BODY), deliverer(engine, clock, way)
    misbehave(there)
    decided = await deliver(row)
    assert isinstance(decided, Again)
    assert decided.at == START + wait
    assert await deliver(row) is None  # however often the bell rings meanwhile
    clock.now = decided.at
    well(there)
    assert await deliver(row) == Settled()
    same(there, row, 2)


@pytest.mark.parametrize("fault", ["answers 500", "closes after the body", "429, in seconds", "redirects"])
async def test_a_fault_that_lasts_ends_as_a_dead_row_after_the_ladder(
    engine: Engine, clock: Clock, there: Receiver, way: Webhook, fault: str
) -> None:
    FAULTS[fault][0](there)
    row, deliver = await put(engine, body=BODY), deliverer(engine, clock, way)
    while not isinstance(decided := await deliver(row), Dead):
        if isinstance(decided, Again):
            clock.now = decided.at
        else:  # its endpoint is left alone for a while
            clock.forward(minutes=5)
    assert await state(engine, row) == "dead"
    same(there, row, len(LADDER) + 1)


async def test_killed_between_send_and_settle_it_is_sent_once_more_as_it_was(
    engine: Engine, clock: Clock, there: Receiver, way: Webhook
) -> None:
    row, alive = await put(engine, body=BODY), deliverer(engine, clock, way)

    async def dies(*_: object) -> bool:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await replace(alive, settle=dies)(row)
    clock.now += alive.lease
    assert await alive(row) == Settled()
    same(there, row, 2)


async def test_every_attempt_verifies_whenever_it_is_made(
    engine: Engine, clock: Clock, there: Receiver, way: Webhook
) -> None:
    clock.now = datetime.now(UTC)  # the verifier compares with the real time
    row, deliver = await put(engine, body=BODY), deliverer(engine, clock, way)
    there.will_say("500 Oops")
    first: Verdict | None = await deliver(row)
    assert isinstance(first, Again)
    clock.now = first.at
    well(there)
    assert await deliver(row) == Settled()
    for request in there.requests:
        assert Verifier(SECRET).verify(request.body, request.headers) == json.loads(BODY)
    stamps = {request.headers["webhook-timestamp"] for request in there.requests}
    assert len(stamps) == 2
