"""Silence is noticed from outside, and clocks that differ from inside."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.worker.receiver import receiver
from tests.worker.stage import START, Clock, delivery, state

from tickets.adapters import system
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.heartbeat import Heartbeat
from tickets.adapters.webhook_address import Gate
from tickets.application.outbox.deliver import Again, Settled
from tickets.observability.metrics import Metrics
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox
from tickets.persistence.vital_signs import BODY, ROW, apart
from tickets.worker.vital_signs import VitalSigns


def signs(engine: Engine, left: list[str], *, beating: bool = True) -> VitalSigns:
    return VitalSigns(engine, Metrics(), lambda: left.append("rung"), beating=beating)


async def test_any_number_of_tickers_beat_once_a_minute(engine: Engine, outbox: PostgresOutbox) -> None:
    left: list[str] = []
    tickers = [signs(engine, left) for _ in range(3)]
    for second in range(0, 180, 5):
        for ticker in tickers:
            await ticker.on_time(START + timedelta(seconds=second))
    assert len(left) == 3
    assert await outbox.ring(START + timedelta(minutes=5), START + timedelta(hours=1), 10) == [ROW]


async def test_nobody_beats_where_nobody_listens(engine: Engine, outbox: PostgresOutbox) -> None:
    await signs(engine, [], beating=False).on_time(START)
    assert (await outbox.backlog()).pending == 0


async def test_a_beat_leaves_like_a_page_and_a_late_one_is_not_followed_by_two(
    engine: Engine, clock: Clock
) -> None:
    http = GatedHttp(Gate(["127.0.0.1"]))
    ticker = signs(engine, [])
    async with receiver() as outside:
        way = Heartbeat(f"http://127.0.0.1:{outside.port}/ping/1", http)
        deliver = delivery(engine, clock, heartbeat=way)
        outside.will_say("500 Internal Server Error")
        await ticker.on_time(clock())
        failed = await deliver(ROW)
        assert isinstance(failed, Again)
        assert failed.reason == "TICKETS_HEARTBEAT_URL answered 500"
        clock.forward(minutes=1)
        outside.will_say("200 OK")
        await ticker.on_time(clock())
        assert await deliver(ROW) == Settled()
        assert await deliver(ROW) is None
        assert [(one.path, one.body) for one in outside.requests] == [("/ping/1", BODY)] * 2
        assert await state(engine, ROW) == "settled"
    await http.close()


async def test_who_still_tries_the_beat_before_has_nothing_to_say(engine: Engine, clock: Clock) -> None:
    outbox, ticker = PostgresOutbox(engine), signs(engine, [])
    await ticker.on_time(clock())
    frozen = await outbox.claim(ROW, clock(), timedelta(minutes=1))
    assert frozen is not None
    clock.forward(minutes=1)
    await ticker.on_time(clock())
    assert not await outbox.conclude(frozen, Settled(), clock())
    assert await state(engine, ROW) == "pending"


async def test_the_heartbeat_does_not_enter_the_house_and_never_tells_its_url() -> None:
    http = GatedHttp(Gate([]))
    for url in ("http://127.0.0.1:1/secret", "http://169.254.169.254/secret", "http://[::1]/secret"):
        outcome = await Heartbeat(url, http).send("heartbeat", uuid4(), BODY)
        assert outcome.kind == "refused"
        assert "secret" not in outcome.reason
    away = GatedHttp(Gate(["127.0.0.1"]))
    outcome = await Heartbeat("http://127.0.0.1:1/secret", away).send("heartbeat", uuid4(), BODY)
    assert (outcome.kind, "secret" in outcome.reason) == ("failed", False)
    await http.close()
    await away.close()


async def test_clocks_that_differ_are_said_once_and_shown(engine: Engine) -> None:
    watching = signs(engine, [])
    with capture_logs() as said:
        await watching.compare_clocks(system.now)
        for _ in range(2):
            await watching.compare_clocks(lambda: system.now() + timedelta(seconds=90))
        shown = watching.metrics.exposition().decode()
        await watching.compare_clocks(system.now)
    assert [line["event"] for line in said] == ["clocks.differ", "clocks.agree"]
    (line,) = [line for line in shown.splitlines() if line.startswith("tickets_clock_skew_seconds ")]
    assert float(line.split()[1]) == pytest.approx(90, abs=5)


@given(
    before=st.timedeltas(timedelta(), timedelta(days=36_500)).map(lambda since: START + since),
    way=st.timedeltas(timedelta(), timedelta(seconds=2)),
    there=st.floats(0, 1),
    ahead=st.timedeltas(timedelta(days=-1), timedelta(days=1)),
)
def test_the_way_to_the_database_is_never_taken_for_a_difference(
    before: datetime, way: timedelta, there: float, ahead: timedelta
) -> None:
    theirs = before + way * there - ahead
    found = apart(before, theirs, before + way)
    assert abs(found) <= abs(ahead)
    assert abs(found - ahead) <= way
