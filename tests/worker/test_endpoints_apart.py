"""One endpoint that is dead, slow or gone delays nobody else, in any number of processes."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.worker.stage import START, Clock, Obedient, delivery, put, state

from tickets.application.outbox.deliver import Again, Claimed, Dead, Outcome, Settled, Verdict, Withdrawn
from tickets.application.outbox.endpoint import (
    AT_ONCE,
    AT_ONCE_HERE,
    FAILURES,
    HELD,
    LONGEST_HELD,
    PAUSES,
    Endpoint,
    Turn,
)
from tickets.persistence.endpoints import PostgresEndpoints
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox

LEASE = timedelta(minutes=1)
OPS = "webhook:ops"
DOWN = Outcome.failed("answered 500")


async def standing(engine: Engine, clock: Clock, name: str = OPS) -> Endpoint:
    found = await PostgresEndpoints(engine).find(name, clock.now)
    assert found is not None
    return found


async def claims(outboxes: Iterable[PostgresOutbox], rows: Iterable[UUID]) -> list[Claimed]:
    """Everybody claims everything at once; what was claimed."""
    asked = [outbox.claim(row, START, LEASE) for row in rows for outbox in outboxes]
    return [claimed for claimed in await asyncio.gather(*asked) if claimed is not None]


async def test_no_endpoint_has_more_than_a_few_attempts_under_way_whoever_makes_them(engine: Engine) -> None:
    processes = [PostgresOutbox(engine, here) for here in ("a", "b", "c")]
    rows = [await put(engine) for _ in range(20)]
    mine = await claims(processes, rows)
    assert len(mine) == len({claimed.id for claimed in mine}) == AT_ONCE
    other = await put(engine, destination="other")
    assert await processes[0].claim(other, START, LEASE) is not None
    assert (await PostgresEndpoints(engine).standing(START, None, 9))[0].under_way == AT_ONCE


async def test_mail_goes_to_one_server_and_takes_no_more_than_its_share_of_each_process(
    engine: Engine,
) -> None:
    rows = [await put(engine, "email", f"{n}@shop.vn") for n in range(12)]
    one, other = PostgresOutbox(engine, "a"), PostgresOutbox(engine, "b")
    assert len(await claims([one], rows)) == 4
    assert len(await claims([other], rows)) == 4


async def test_what_was_held_is_looked_at_as_soon_as_there_is_room(engine: Engine, clock: Clock) -> None:
    woken: list[UUID] = []
    outbox = PostgresOutbox(engine, woken=woken.extend)
    rows = [await put(engine) for _ in range(AT_ONCE + 3)]
    taken = await claims([outbox], rows)
    assert await outbox.ring(START, START + HELD, 50) == []
    assert (await standing(engine, clock)).held == 3
    assert await outbox.conclude(taken[0], Settled(), START)
    assert len(woken) == 1  # one for one: others have the rest of the room
    assert await outbox.ring(START, START + HELD, 50) == woken  # also when whoever should go on dies
    claimed = await outbox.claim(woken[0], START, LEASE)
    assert claimed is not None
    assert claimed.attempts == 1  # being held spent none


async def test_what_is_put_off_or_gathered_leaves_its_room_to_what_was_held(engine: Engine) -> None:
    woken: list[UUID] = []
    outbox, later = PostgresOutbox(engine, woken=woken.extend), START + timedelta(hours=1)
    rows = [await put(engine, "email", "duty@shop.vn") for _ in range(AT_ONCE_HERE + 3)]
    put_off, gathered, *_ = await claims([outbox], rows)
    assert await outbox.put_off(put_off, later, START)
    assert await outbox.gather(gathered, uuid4(), later, START)
    assert len(set(woken)) == len(woken) == 2  # a storm of pages to one does not hold up those to others
    assert len(await claims([outbox], woken)) == 2


async def test_two_are_woken_for_one_until_as_many_are_under_way_as_may_be(engine: Engine) -> None:
    woken: list[UUID] = []
    outbox = PostgresOutbox(engine, woken=woken.extend)
    rows = [await put(engine) for _ in range(AT_ONCE + 4)]
    taken = await claims([outbox], rows)
    for claimed in taken[:3]:
        assert await outbox.conclude(claimed, Settled(), START)
    assert len(woken) == 1 + 2 + 1
    assert set(woken) == set(rows) - {claimed.id for claimed in taken}


async def test_a_process_that_died_gives_its_room_back_when_its_leases_end(engine: Engine) -> None:
    rows = [await put(engine) for _ in range(AT_ONCE + 1)]
    await claims([PostgresOutbox(engine, "dead")], rows[:AT_ONCE])
    outbox = PostgresOutbox(engine, "alive")
    assert await outbox.claim(rows[-1], START + LEASE / 2, LEASE) is None
    assert await outbox.claim(rows[-1], START + LEASE, LEASE) is not None


class Hangs:
    """A way whose receiver never answers; others do at once."""

    def __init__(self) -> None:
        self.taken: list[UUID] = []
        self.under_way = 0
        self.everybody_else = asyncio.Event()
        self.healthy = 0

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        if destination == "ops":
            self.under_way += 1
            assert self.under_way <= AT_ONCE
            await asyncio.Event().wait()
        self.taken.append(row)
        if len(self.taken) == self.healthy:
            self.everybody_else.set()
        return Outcome.sent()


async def test_a_hanging_receiver_with_200_rows_delays_no_healthy_one(engine: Engine, clock: Clock) -> None:
    hanging = [await put(engine) for _ in range(200)]
    way = Hangs()
    healthy = [await put(engine, destination=f"well-{n % 3}") for n in range(30)]
    way.healthy = len(healthy)
    deliver = delivery(engine, clock, webhook=way)
    queue: asyncio.Queue[UUID] = asyncio.Queue()
    for row in [*hanging, *healthy]:  # in the order a relay rings for them
        queue.put_nowait(row)

    async def worker() -> None:
        while True:
            row = await queue.get()
            if await deliver(row) is None and row not in hanging:
                queue.put_nowait(row)  # the relay rings again once there is room

    workers = [asyncio.create_task(worker()) for _ in range(12)]
    try:
        async with asyncio.timeout(60):
            await way.everybody_else.wait()
    finally:
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
    assert set(way.taken) == set(healthy)
    assert way.under_way == AT_ONCE


async def failed_often(engine: Engine, clock: Clock, *, times: int = FAILURES) -> list[UUID]:
    """That many rows of one endpoint, each of which failed once."""
    rows = [await put(engine) for _ in range(times)]
    deliver = delivery(engine, clock, webhook=Obedient(DOWN))
    for row in rows:
        assert isinstance(await deliver(row), Again)
    return rows


async def test_after_failures_in_a_row_it_is_left_alone_and_rows_spend_no_attempt(
    engine: Engine, clock: Clock
) -> None:
    await failed_often(engine, clock)
    found = await standing(engine, clock)
    assert (found.state, found.failures, found.last_error) == ("open", FAILURES, "answered 500")
    assert found.open_until == START + PAUSES[0]
    way = Obedient()
    fresh = await put(engine)
    deliver = delivery(engine, clock, webhook=way)
    assert await deliver(fresh) is None
    assert way.attempts == []
    assert (await standing(engine, clock)).held == 1
    clock.now += PAUSES[0]
    assert len(await PostgresOutbox(engine).ring(clock.now, clock.now + HELD, 50)) == AT_ONCE
    assert await deliver(fresh) == Settled()
    assert (await standing(engine, clock)).state == "ready"


async def test_a_single_attempt_is_the_probe_and_its_failure_makes_the_pause_longer(
    engine: Engine, clock: Clock
) -> None:
    rows = await failed_often(engine, clock)
    for pause, longer in zip(PAUSES, (*PAUSES[1:], PAUSES[-1]), strict=True):
        clock.now += max(pause, timedelta(hours=7))
        outbox = PostgresOutbox(engine)
        probes = [claimed for row in rows if (claimed := await outbox.claim(row, clock.now, LEASE))]
        assert len(probes) == 1
        assert (await standing(engine, clock)).state == "probing"
        assert await outbox.conclude(probes[0], Again(clock.now, "answered 500"), clock.now)
        assert (await standing(engine, clock)).open_until == clock.now + longer


async def test_who_began_before_it_was_left_alone_makes_no_pause_longer_but_a_success_ends_it(
    engine: Engine, clock: Clock
) -> None:
    outbox = PostgresOutbox(engine)
    late, lucky = await put(engine), await put(engine)
    both = [await outbox.claim(row, clock.now, LEASE) for row in (late, lucky)]
    await failed_often(engine, clock)
    assert both[0] is not None
    assert both[1] is not None
    await outbox.conclude(both[0], Again(clock.now + LEASE, "answered 500"), clock.now)
    assert (await standing(engine, clock)).open_until == START + PAUSES[0]
    await outbox.conclude(both[1], Settled(), clock.now)
    assert (await standing(engine, clock)).state == "ready"


async def test_a_probe_whose_process_died_is_followed_by_another(engine: Engine, clock: Clock) -> None:
    rows = await failed_often(engine, clock)
    clock.forward(hours=7)
    outbox = PostgresOutbox(engine)
    assert await outbox.claim(rows[0], clock.now, LEASE) is not None
    assert await outbox.claim(rows[1], clock.now, LEASE) is None
    clock.now += LEASE
    assert await outbox.claim(rows[1], clock.now, LEASE) is not None


async def test_a_probe_that_asked_nothing_leaves_that_to_the_next_at_once(
    engine: Engine, clock: Clock
) -> None:
    rows = await failed_often(engine, clock)
    clock.forward(hours=7)
    woken: list[UUID] = []
    outbox = PostgresOutbox(engine, woken=woken.extend)
    rows += [await put(engine) for _ in range(4)]
    later, expired = clock.now + timedelta(days=1), Dead("too old", "", expired=True)
    ends: list[Callable[[Claimed], Awaitable[bool]]] = [
        lambda probe: outbox.put_off(probe, later, clock.now),
        lambda probe: outbox.gather(probe, uuid4(), later, clock.now),
        lambda probe: outbox.conclude(probe, expired, clock.now),
        lambda probe: outbox.conclude(probe, Withdrawn("over"), clock.now),
    ]
    for end in ends:
        (probe,) = [claimed for row in rows if (claimed := await outbox.claim(row, clock.now, LEASE))]
        woken.clear()
        assert await end(probe)
        assert woken
        assert (await standing(engine, clock)).state == "open"  # nothing is known of it yet
    assert await outbox.claim(woken[0], clock.now, LEASE) is not None
    assert (await standing(engine, clock)).state == "probing"


async def test_a_success_between_failures_begins_the_count_anew(engine: Engine, clock: Clock) -> None:
    await failed_often(engine, clock, times=FAILURES - 1)
    assert await delivery(engine, clock, webhook=Obedient())(await put(engine)) == Settled()
    await failed_often(engine, clock, times=FAILURES - 1)
    assert (await standing(engine, clock)).state == "ready"


async def test_one_mailbox_that_is_full_says_nothing_about_the_mail_server(
    engine: Engine, clock: Clock
) -> None:
    full = Obedient(Outcome.failed("452 mailbox full", answered=True))
    for n in range(FAILURES + 1):
        await delivery(engine, clock, email=full)(await put(engine, "email", f"{n}@x.vn"))
    assert (await standing(engine, clock, "email")).state == "ready"


async def test_what_waits_a_day_for_its_endpoint_is_given_up_without_an_attempt(
    engine: Engine, clock: Clock
) -> None:
    await failed_often(engine, clock)
    row, way = await put(engine), Obedient(DOWN)
    deliver = delivery(engine, clock, webhook=way)
    assert await deliver(row) is None
    clock.now += LONGEST_HELD
    assert await deliver(row) == Dead("waited a day for its endpoint: answered 500", "")
    assert way.attempts == []


GONE = Outcome.refused("answered 410", gone="https://old.example/")


async def test_one_that_is_gone_gets_nothing_more_and_what_is_queued_is_dead_at_once(
    engine: Engine, clock: Clock
) -> None:
    waiting = (await failed_often(engine, clock, times=1))[0]
    first, queued = await put(engine), await put(engine)
    way = Obedient(GONE)
    deliver = delivery(engine, clock, webhook=way)
    assert await deliver(first) == Dead("answered 410", gone="https://old.example/")
    due = await PostgresOutbox(engine).ring(clock.now, clock.now + HELD, 50)
    assert set(due) == {waiting, queued}
    for row in due:
        assert await deliver(row) == Dead("its endpoint is disabled: answered 410", "")
    assert len(way.attempts) == 1
    found = await standing(engine, clock)
    assert (found.state, found.dead, found.disabled_at) == ("disabled", 3, START)
    assert await PostgresEndpoints(engine).states() == {"disabled": 1}


async def test_whatever_is_queued_for_one_that_is_gone_is_given_up_row_after_row(
    engine: Engine, clock: Clock
) -> None:
    woken: list[UUID] = []
    outbox = PostgresOutbox(engine, woken=woken.extend)
    deliver = replace(delivery(engine, clock, webhook=Obedient(GONE)), bury=outbox.conclude)
    await failed_often(engine, clock, times=FAILURES)  # left alone when it says that it is gone
    clock.now += PAUSES[0]
    probe = await put(engine)
    rows = {probe, *[await put(engine) for _ in range(20)]}
    await deliver(probe)
    rung = await outbox.ring(clock.now, clock.now + HELD, 50)
    assert len(rung) == AT_ONCE  # no queue of messages, whatever waits
    woken.extend(rung)
    while woken:
        await deliver(woken.pop())
    assert {row for row in rows if await state(engine, row) == "dead"} == rows


async def test_another_address_of_the_webhook_enables_it_the_same_one_does_not(
    engine: Engine, clock: Clock
) -> None:
    await delivery(engine, clock, webhook=Obedient(GONE))(await put(engine))
    endpoints = PostgresEndpoints(engine)
    await endpoints.moved({"webhook:ops": "https://old.example/", "webhook:other": "https://x.example/"})
    assert (await standing(engine, clock)).state == "disabled"
    await endpoints.moved({"webhook:ops": "https://new.example/"})
    assert (await standing(engine, clock)).state == "ready"
    assert await delivery(engine, clock, webhook=Obedient())(await put(engine)) == Settled()


async def test_what_another_had_begun_when_it_was_disabled_may_still_end_well(
    engine: Engine, clock: Clock
) -> None:
    outbox = PostgresOutbox(engine)
    under_way = await outbox.claim(await put(engine), clock.now, LEASE)
    assert under_way is not None
    await delivery(engine, clock, webhook=Obedient(GONE))(await put(engine))
    assert await outbox.ring(clock.now, clock.now, 9) == []
    assert await outbox.conclude(under_way, Settled(), clock.now)
    assert await state(engine, under_way.id) == "settled"


class Play:
    """Rows of one endpoint, and whoever is at them."""

    def __init__(self, outbox: PostgresOutbox) -> None:
        self.outbox = outbox
        self.clock = Clock()
        self.under_way: list[tuple[Claimed, datetime]] = []

    async def take(self) -> None:
        """Ring for what is due and claim all of it."""
        for row in await self.outbox.ring(self.clock.now, self.clock.now + HELD, 50):
            if (claimed := await self.outbox.claim(row, self.clock.now, LEASE)) is not None:
                self.under_way.append((claimed, self.clock.now + LEASE))

    async def end(self, verdict: Verdict) -> None:
        """One attempt comes to its end."""
        if self.under_way:
            claimed, _ = self.under_way.pop()
            await self.outbox.conclude(claimed, verdict, self.clock.now)

    async def step(self, step: str) -> None:
        """Whatever may happen next. Who outlasts their lease is dead."""
        match step:
            case "take":
                await self.take()
            case "pass":
                self.clock.forward(seconds=45)
            case "sent":
                await self.end(Settled())
            case _:
                await self.end(Again(self.clock.now + timedelta(seconds=5), "500"))
        self.under_way = [each for each in self.under_way if each[1] > self.clock.now]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(["take", "sent", "failed", "pass"]), min_size=5, max_size=40))
async def test_whatever_happens_there_are_never_too_many_at_once_and_nothing_is_lost(
    engine: Engine, steps: list[str]
) -> None:
    await engine.execute("TRUNCATE outbox, endpoint")
    play = Play(PostgresOutbox(engine))
    rows = [await put(engine) for _ in range(8)]
    for step in steps:
        await play.step(step)
        assert len(play.under_way) <= AT_ONCE
    play.under_way.clear()
    for _ in range(20):  # from now on the receiver is well
        play.clock.forward(minutes=6)
        await play.take()
        while play.under_way:
            await play.end(Settled())
    assert {await state(engine, row) for row in rows} == {"settled"}


WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%endpoint%'
"""


async def at_once(engine: Engine, *concluding: Coroutine[None, None, bool]) -> None:
    """All of them wait for the endpoint's row, and then go on one after the other."""
    other = await engine.get_new_connection()
    await other.execute("BEGIN; SELECT FROM endpoint FOR UPDATE")
    tasks = [asyncio.create_task(each) for each in concluding]
    async with asyncio.timeout(20):
        while await engine.fetch_value(WAITING) < len(tasks):
            pass
    await other.execute("COMMIT")
    await asyncio.gather(*tasks)
    await other.close()


async def test_it_is_told_once_that_one_is_left_alone_disabled_or_back_whoever_finds_it(
    engine: Engine, clock: Clock
) -> None:
    turns: list[Turn] = []
    processes = [PostgresOutbox(engine, here, turned=turns.append) for here in ("a", "b", "c")]
    await failed_often(engine, clock, times=FAILURES - 2)
    under_way = await claims(processes, [await put(engine) for _ in range(AT_ONCE)])
    down = Again(clock.now + timedelta(hours=1), "answered 500")
    await at_once(engine, *(processes[0].conclude(claimed, down, clock.now) for claimed in under_way))
    until = clock.now + PAUSES[0]
    assert turns == [Turn(OPS, "open", "answered 500", until)]
    clock.now = until
    probe = await processes[0].claim(await put(engine), clock.now, LEASE)
    assert probe is not None
    await processes[1].conclude(probe, down, clock.now)
    assert len(turns) == 1
    endpoints = [outbox.endpoints for outbox in processes]
    await asyncio.gather(*(each.enable(OPS, clock.now) for each in endpoints))
    assert turns[1:] == [Turn(OPS, "ready", "enabled by hand")]
    last = await claims(processes, [await put(engine) for _ in range(3)])
    for gone in last[:2]:
        await processes[2].conclude(gone, Dead("answered 410", gone="https://old.example/"), clock.now)
    assert turns[2:] == [Turn(OPS, "disabled", "answered 410")]
    await processes[2].conclude(last[2], Settled(), clock.now)
    moved = {OPS: "https://new.example/"}
    await asyncio.gather(*(each.moved(moved) for each in endpoints))
    assert turns[3:] == [Turn(OPS, "ready", "it has another address")]
    await failed_often(engine, clock)
    clock.now += PAUSES[0]
    assert await delivery(engine, clock, webhook=Obedient())(await put(engine)) == Settled()
    assert (await standing(engine, clock)).state == "ready"


async def test_what_answers_again_is_told_to_be_ready(engine: Engine, clock: Clock) -> None:
    turns: list[Turn] = []
    outbox = PostgresOutbox(engine, turned=turns.append)
    await failed_often(engine, clock)
    clock.now += PAUSES[0]
    probe = await outbox.claim(await put(engine), clock.now, LEASE)
    assert probe is not None
    assert await outbox.conclude(probe, Settled(), clock.now)
    assert turns == [Turn(OPS, "ready")]
