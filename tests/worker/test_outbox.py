"""The outbox row is the promise: who may send it, when, and who may say that it left."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from tests.worker.stage import START, put, state

from tickets.application.outbox.deliver import Again, Dead, Settled
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import LeavingFilter, PostgresOutbox
from tickets.persistence.secrets import SIZE, installation_secret

LEASE = timedelta(minutes=1)
SOON = START + timedelta(seconds=30)
LATER = START + timedelta(minutes=2)


async def test_a_row_is_rung_for_once_an_interval_until_somebody_claims_it(
    engine: Engine, outbox: PostgresOutbox
) -> None:
    row = await put(engine)
    assert await outbox.ring(START, SOON, 10) == [row]
    assert await outbox.ring(START, SOON, 10) == []
    assert await outbox.ring(SOON, LATER, 10) == [row]
    assert await outbox.claim(row, SOON, LEASE) is not None
    assert await outbox.ring(SOON + LEASE / 2, LATER, 10) == []
    assert await outbox.ring(SOON + LEASE, LATER, 10) == [row]  # whoever claimed it was never heard of again


async def test_two_relays_never_ring_for_the_same_rows(engine: Engine, outbox: PostgresOutbox) -> None:
    rows = {await put(engine, destination=str(n)) for n in range(20)}
    rung = await asyncio.gather(*(outbox.ring(START, SOON, 10) for _ in range(4)))
    heard = [row for batch in rung for row in batch]
    assert len(heard) == len(set(heard)) == 20
    assert set(heard) == rows


async def test_rows_nobody_could_be_told_of_are_due_at_once_but_not_those_claimed_meanwhile(
    engine: Engine, outbox: PostgresOutbox
) -> None:
    told, untold = await put(engine), await put(engine)
    rows = await outbox.ring(START, SOON, 10)
    await outbox.claim(told, START, LEASE)
    await outbox.unring(rows, SOON, START)
    assert await outbox.ring(START, SOON, 10) == [untold]


async def test_two_workers_at_one_row_and_one_of_them_gets_it(engine: Engine, outbox: PostgresOutbox) -> None:
    row = await put(engine)
    claims = await asyncio.gather(*(outbox.claim(row, START, LEASE) for _ in range(5)))
    assert [claim.attempts for claim in claims if claim] == [1]


async def test_a_worker_whose_lease_went_to_another_has_nothing_to_say_any_more(
    engine: Engine, outbox: PostgresOutbox
) -> None:
    row = await put(engine)
    frozen = await outbox.claim(row, START, LEASE)
    successor = await outbox.claim(row, START + LEASE, LEASE)
    assert frozen is not None
    assert successor is not None
    assert (successor.id, successor.body, successor.attempts) == (frozen.id, frozen.body, 2)
    assert not await outbox.conclude(frozen, Dead("late"), LATER)
    assert await outbox.conclude(successor, Settled(), LATER)
    assert not await outbox.conclude(successor, Settled(), LATER)
    assert await state(engine, row) == "settled"


async def test_a_settled_row_is_never_sent_again(engine: Engine, outbox: PostgresOutbox) -> None:
    row = await put(engine)
    claimed = await outbox.claim(row, START, LEASE)
    assert claimed is not None
    await outbox.conclude(claimed, Settled(), START)
    assert await outbox.claim(row, LATER, LEASE) is None
    assert await outbox.ring(LATER, LATER, 10) == []
    assert not await outbox.replay(row, LATER)


async def test_a_stray_bell_does_not_bring_the_next_attempt_forward(
    engine: Engine, outbox: PostgresOutbox
) -> None:
    row = await put(engine)
    claimed = await outbox.claim(row, START, LEASE)
    assert claimed is not None
    await outbox.conclude(claimed, Again(SOON, "500"), START)
    assert await outbox.claim(row, SOON - timedelta(microseconds=1), LEASE) is None
    assert await outbox.ring(SOON, LATER, 10) == [row]
    again = await outbox.claim(row, SOON, LEASE)
    assert again is not None
    assert again.attempts == 2


async def test_the_dead_are_listed_newest_first_and_can_be_sent_after_all(
    engine: Engine, outbox: PostgresOutbox
) -> None:
    rows = [await put(engine) for _ in range(3)]
    for row in rows:
        claimed = await outbox.claim(row, START, LEASE)
        assert claimed is not None
        await outbox.conclude(claimed, Dead("410\0 \udc80gone"), SOON)
    first = await outbox.page(LeavingFilter(state="dead"), 2)
    assert [dead.last_error for dead in first] == ["410 ?gone"] * 2
    assert first[0].cause == {"alert": "a"}
    rest = await outbox.page(LeavingFilter(state="dead"), 2, before=first[-1].id)
    assert sorted(rows, reverse=True) == [dead.id for dead in first + rest]
    assert (await outbox.backlog()).dead == 3

    assert await outbox.replay(rows[0], LATER)
    assert not await outbox.replay(rows[0], LATER)
    again = await outbox.claim(rows[0], LATER, LEASE)
    assert again is not None
    assert (again.id, again.body, again.attempts) == (rows[0], b'{"a": 1}', 1)
    assert not await outbox.replay(uuid4(), LATER)


async def test_the_backlog_says_how_much_waits_and_since_when(engine: Engine, outbox: PostgresOutbox) -> None:
    empty = await outbox.backlog()
    assert (empty.pending, empty.oldest, empty.dead) == (0, None, 0)
    await put(engine)
    await outbox.claim(await put(engine), START, LEASE)
    waiting = await outbox.backlog()
    assert (waiting.pending, waiting.oldest, waiting.dead) == (2, START, 0)


async def test_an_installation_makes_each_of_its_secrets_once(engine: Engine) -> None:
    made = iter(range(10))

    def random_bytes(size: int) -> bytes:
        return bytes([next(made)]) * size

    both = await asyncio.gather(*(installation_secret(engine, "mail", random_bytes) for _ in range(4)))
    assert len(set(both)) == 1
    assert await installation_secret(engine, "mail", random_bytes) == both[0]
    assert await installation_secret(engine, "other", random_bytes) != both[0]
    assert len(both[0]) == SIZE
