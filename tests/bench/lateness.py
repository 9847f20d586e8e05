"""How late the ticker is, and how late Dramatiq's own delayed messages are in the same run.

A steady stream with few and with many tickets armed, a crowd at one instant, what an hour of silence leaves.
Every ticket carries the clocks of one that was really opened, moved in time; what falls due is a breach,
which the ticker finds by recomputing them. Late is from the due instant until the breach is on disk.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import click
from dramatiq import Worker, actor
from tests.armed import arm
from tests.bench import cpu
from tests.bench.place import Place
from tests.bench.request import record

from tickets.adapters import system
from tickets.bootstrap import Application
from tickets.worker.broker import make_broker

LEAD = timedelta(seconds=10)
"""From everything armed to the first due instant."""
SECONDS = 10.0
"""How long a stream lasts."""
FEW = 10_000
"""Tickets armed where it is not about many."""

_DESK = """
sla_policies:
  only:
    order: 1
    targets:
      - {metric: first_response, budget: PT4H, at_risk: null}
"""
_RULES = """
agents:
  ops: {name: Ops, email: ops@example.com}
escalation_policies:
  paging:
    levels:
      - {name: soon, before_due: PT15M, notify: [agent:ops]}
      - {name: broken, after_due: PT0S, notify: [agent:ops], repeat: PT2H, repeat_limit: 8}
    fallback: ["email:fallback@example.com"]
sla_policies:
  only:
    order: 1
    escalation: paging
    targets:
      - {metric: first_response, budget: PT4H}
"""
"""What a shop runs on: at risk, a level before due, one that repeats. Each ticket is an alert and a page."""
_LATE = """
SELECT count(*), coalesce(sum((detected_at < occurred_at)::int), 0),
       percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY detected_at - occurred_at),
       percentile_disc(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY committed_at - occurred_at),
       count(*) / greatest(extract(epoch FROM max(committed_at) - min(detected_at)), 0.001)::float8
FROM (
    SELECT *, pg_xact_commit_timestamp(xmin) AS committed_at FROM ticket_event WHERE type = 'sla.breached'
) AS breach
"""
_LEFT = "SELECT EXISTS (SELECT FROM ticket WHERE tick_at <= $1)"


def measure(place: Place, armed: int, rate: int, crowd: int, overdue: int) -> None:
    """Print how late each of the forms was."""
    click.echo(f"\nTime passing: {'armed':>13}{'due':>9}{'early':>7}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    many = _stream(place, "many armed", armed, rate)
    few = _stream(place, "few armed", FEW, rate)
    click.echo(f"  processor time a ticket, many beside few armed: {many / few if few else 0:.2f}")
    _stream(place, "fast", FEW, 5 * rate)
    _run(place, "at one instant", FEW, crowd, 1e6, timedelta())
    _run(place, "an hour overdue", FEW, overdue, overdue / 3600, timedelta(hours=1))
    _run(place, "and each a page", FEW, overdue, overdue / 3600, timedelta(hours=1), _RULES)
    _show("Dramatiq's delay", 0, *_delayed(place, rate))


def _stream(place: Place, name: str, armed: int, rate: int) -> float:
    """So many due each second; seconds of processor time a ticket."""
    return _run(place, name, armed, round(rate * SECONDS), float(rate), timedelta())


def _run(
    place: Place, name: str, armed: int, due: int, rate: float, ago: timedelta, desk: str = _DESK
) -> float:
    """One form on a database of its own; seconds of processor time that a ticket cost, all processes."""
    url = place.database("late_" + name.replace(" ", "_"), desk)

    async def prepare(app: Application) -> None:
        opened = await record(url)
        start = system.now() + (LEAD if not ago else -ago)
        await arm(app.engine, opened.ticket, start, rate, due, max(0, armed - due))
        await _come_to_rest(app)
        if not ago:  # arming many takes longer than the lead
            late = max(timedelta(), system.now() + LEAD - start)
            await _put_off(app, late)

    asyncio.run(place.with_app(url, prepare))
    before = cpu.spent(place.server_process())
    with place.running("ticker", url) as server:
        _wait(url)
        spent = cpu.spent(server.process.pid) + cpu.spent(place.server_process()) - before

    async def look(app: Application) -> None:
        row = await app.engine.fetch_row(_LATE)
        if row is None or row[0] != due:
            raise RuntimeError(f"{row and row[0]} of {due} breaches")
        _show(name, armed, due, row[1], [each.total_seconds() for each in row[3]])
        if ago or rate > due:
            click.echo(f"  {row[4]:.0f} a second, {1e6 * spent / due:.0f} µs of processor time each")

    asyncio.run(place.with_app(url, look))
    return spent / due


async def _come_to_rest(app: Application) -> None:
    """Let the database do now what a million new rows would have it do behind the ticker's back."""
    async with app.engine.connection() as connection:
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
        await connection.execute("RESET statement_timeout")


_PUT_OFF = """
UPDATE ticket SET opened_at = opened_at + $1, due_at = due_at + $1, tick_at = tick_at + $1,
    clocks = replace(replace(replace(clocks::text, iso(opened_at), iso(opened_at + $1)),
                             iso(due_at), iso(due_at + $1)), iso(tick_at), iso(tick_at + $1))::jsonb
WHERE tick_at < (SELECT min(tick_at) + interval '30 minutes' FROM ticket WHERE tick_at IS NOT NULL)
"""


async def _put_off(app: Application, late: timedelta) -> None:
    """Move what falls due in the run behind the time that arming took."""
    await app.engine.execute(_PUT_OFF, late)


def _wait(url: str) -> None:
    """Until nothing is left that falls due in this run."""

    async def look() -> None:
        connection = await asyncpg.connect(url)
        try:
            soon = timedelta(minutes=30)
            while await connection.fetchval(_LEFT, system.now() + soon):  # noqa: ASYNC110 - others are at work
                await asyncio.sleep(0.5)
        finally:
            await connection.close()

    asyncio.run(look())


def _delayed(place: Place, rate: int) -> tuple[int, int, Sequence[float]]:
    """The same stream as messages with a delay, by Dramatiq's own means over the same database."""
    broker = make_broker(None, place.database("late_dramatiq", _DESK))
    late: list[float] = []
    take = actor(broker=broker, actor_name="take", queue_name="late")(
        lambda due: late.append(time.time() - due)
    )
    worker = Worker(broker, worker_threads=8)
    worker.start()
    start, count = time.time() + LEAD.total_seconds(), round(rate * SECONDS)
    for number in range(count):
        due = start + number / rate
        take.send_with_options(args=(due,), delay=max(0, round(1000 * (due - time.time()))))
    deadline = start + SECONDS + 60
    while len(late) < count and time.time() < deadline:
        time.sleep(0.2)
    worker.stop()
    broker.close()
    late.sort()
    early = sum(each < 0 for each in late)
    return count, early, [late[len(late) // 2], late[int(len(late) * 0.99)], late[-1]]


def _show(name: str, armed: int, due: int, early: int, late: Sequence[float]) -> None:
    numbers = "".join(f"{1000 * each:>9.0f}" for each in late)
    click.echo(f"{name:<18}{armed or '-':>9}{due:>9}{early:>7}{numbers}")
