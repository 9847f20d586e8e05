"""Something leaves: once, or again with the same id and bytes, or it is dead and somebody knows."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.worker.stage import START, Attempt, Clock, Notebook, Obedient, delivery, put, state

from tickets.application.outbox.deliver import (
    LADDER,
    LONGEST_WAIT,
    SPREAD,
    Again,
    Claimed,
    Dead,
    Deliver,
    Outcome,
    Settled,
    Verdict,
    verdict,
)
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import LeavingFilter, PostgresOutbox

jitters = st.floats(0, 1, exclude_max=True)
failures = st.builds(
    Outcome.failed, st.just("503"), st.none() | st.timedeltas(timedelta(), timedelta(days=400))
)


def test_the_ladder_is_climbed_within_about_a_day() -> None:
    assert timedelta(hours=22) < sum(LADDER, timedelta()) < timedelta(hours=24)
    assert list(LADDER) == sorted(LADDER)


@given(outcome=failures, attempts=st.integers(1, 10), jitter=jitters)
def test_a_failure_is_tried_again_after_its_rung_and_after_what_the_receiver_asked(
    outcome: Outcome, attempts: int, jitter: float
) -> None:
    decided = verdict(outcome, attempts, START, jitter)
    assert isinstance(decided, Again)
    least = max(LADDER[attempts - 1], min(outcome.retry_after or timedelta(), LONGEST_WAIT))
    assert least <= decided.at - START <= least * (1 + SPREAD)


@given(outcome=failures, attempts=st.integers(11, 10_000), jitter=jitters)
def test_nothing_is_tried_for_ever(outcome: Outcome, attempts: int, jitter: float) -> None:
    decided = verdict(outcome, attempts, START, jitter)
    assert isinstance(decided, Dead)
    assert "503" in decided.reason


@given(attempts=st.integers(1, 100), jitter=jitters)
def test_sent_is_settled_and_refused_is_dead_at_any_attempt(attempts: int, jitter: float) -> None:
    assert verdict(Outcome.sent(), attempts, START, jitter) == Settled()
    assert verdict(Outcome.refused("410"), attempts, START, jitter) == Dead("410")


async def test_a_row_is_sent_settled_and_witnessed(engine: Engine, clock: Clock) -> None:
    row, way, witness = await put(engine), Obedient(), Notebook()
    deliver = delivery(engine, clock, witness=witness, webhook=way)
    assert await deliver(row) == Settled()
    assert await deliver(row) is None
    assert way.attempts == [Attempt("ops", row, b'{"a": 1}')]
    assert [(claimed.id, decided) for claimed, decided in witness.seen] == [(row, Settled())]


async def test_a_failing_receiver_hears_the_same_bytes_at_every_rung_and_then_the_row_is_dead(
    engine: Engine, clock: Clock
) -> None:
    row, way, witness = await put(engine), Obedient(Outcome.failed("answered 500")), Notebook()
    deliver = delivery(engine, clock, witness=witness, webhook=way)
    while not isinstance(decided := await deliver(row), Dead):
        assert isinstance(decided, Again)
        assert await deliver(row) is None
        clock.now = decided.at
    assert len(way.attempts) == len(LADDER) + 1
    assert set(map(repr, way.attempts)) == {repr(Attempt("ops", row, b'{"a": 1}'))}
    assert decided.reason == "gave up after 11 attempts: answered 500"
    assert [
        dead.last_error for dead in await PostgresOutbox(engine).page(LeavingFilter(state="dead"), 5)
    ] == [decided.reason]
    assert witness.seen[-1][1] == decided


class DiesBeforeItSettles(PostgresOutbox):
    """The process is killed between send and settle."""

    async def conclude(self, claimed: Claimed, verdict: Verdict, now: datetime) -> bool:  # noqa: ARG002 - dies
        raise asyncio.CancelledError


async def test_killed_between_send_and_settle_it_is_sent_again_with_the_same_id_and_bytes(
    engine: Engine, clock: Clock
) -> None:
    row, way = await put(engine), Obedient()
    alive = delivery(engine, clock, webhook=way)
    dies = DiesBeforeItSettles(engine)
    dying = Deliver(
        outbox=dies,
        ways=alive.ways,
        clock=clock,
        jitter=alive.jitter,
        witness=alive.witness,
        bury=alive.bury,
        settle=dies.conclude,
    )
    with pytest.raises(asyncio.CancelledError):
        await dying(row)
    assert await alive(row) is None  # the lease of the dead holds for a while
    clock.now += alive.lease
    assert await PostgresOutbox(engine).ring(clock.now, clock.now, 10) == [row]
    assert await alive(row) == Settled()
    first, second = way.attempts
    assert first == second


async def test_a_row_that_kills_whoever_sends_it_is_dead_in_the_end(engine: Engine, clock: Clock) -> None:
    row, way = await put(engine), Obedient()
    outbox = PostgresOutbox(engine)
    deliver = delivery(engine, clock, webhook=way)
    for _ in range(len(LADDER) + 1):
        assert await outbox.claim(row, clock.now, deliver.lease) is not None
        clock.now += deliver.lease
    assert await deliver(row) == Dead("11 attempts ended without an outcome")
    assert way.attempts == []


class Hangs:
    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        await asyncio.Event().wait()
        raise AssertionError


class Breaks:
    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        raise RuntimeError("a fault of ours")


async def test_what_hangs_or_breaks_is_tried_again(engine: Engine, clock: Clock) -> None:
    hanging, breaking = await put(engine), await put(engine, way="email")
    deliver = delivery(engine, clock, limit=timedelta(milliseconds=20), webhook=Hangs(), email=Breaks())
    hung, broke = await deliver(hanging), await deliver(breaking)
    assert isinstance(hung, Again)
    assert hung.reason == "no answer within 0.02 s"
    assert isinstance(broke, Again)
    assert broke.reason == "RuntimeError: a fault of ours"


async def test_a_way_that_does_not_exist_is_a_dead_row_not_a_silence(engine: Engine, clock: Clock) -> None:
    row = await put(engine, way="email")
    assert await delivery(engine, clock)(row) == Dead("there is no way out named email")
    assert await state(engine, row) == "dead"


async def test_two_workers_and_one_row_make_one_attempt(engine: Engine, clock: Clock) -> None:
    row, way = await put(engine), Obedient()
    deliver = delivery(engine, clock, webhook=way)
    verdicts = await asyncio.gather(*(deliver(row) for _ in range(5)))
    assert verdicts.count(Settled()) == 1
    assert len(way.attempts) == 1
