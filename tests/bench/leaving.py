"""How many webhooks a second leave: a backlog to one endpoint and to fifty, beside a bare client."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import click
import httpx
from tests.bench.cpu import spent
from tests.bench.place import Place

from tickets.adapters import system
from tickets.application.outbox.endpoint import AT_ONCE

MANY = 50
_DESK = """
sla_policies:
  only: {order: 1, targets: [{metric: first_response, budget: PT4H}]}
webhooks:
"""
_FILL = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
SELECT gen_random_uuid(), 'webhook', 'to-' || n % $2, convert_to('{"number":' || n || '}', 'UTF8'), '{}',
       'pending', $3, $3
FROM generate_series(1, $1) AS n
"""
_LEFT = "SELECT count(*) FROM outbox WHERE state = 'pending'"


def measure(place: Place, rows: int) -> None:
    """Empty both backlogs with one worker, and print what a row took beside the bare POST."""
    with _receiver() as port:
        bare = asyncio.run(_bare(f"http://127.0.0.1:{port}/", rows))
        click.echo(
            f"\nLeaving: {rows} webhooks by one worker; httpx alone, {AT_ONCE} at once: {bare:,.0f} a second"
        )
        for endpoints in (1, MANY):
            _backlog(place, port, rows, endpoints, bare)


def _backlog(place: Place, port: int, rows: int, endpoints: int, bare: float) -> None:
    desk = _DESK + "".join(f"  to-{n}: {{url: 'http://127.0.0.1:{port}/'}}\n" for n in range(endpoints))
    url, database = place.database(f"leaving_{endpoints}", desk), place.server_process()
    with place.running("worker", url, TICKETS_ALLOW_PRIVATE_WEBHOOKS="127.0.0.1") as worker:
        pid = worker.process.pid
        before, of_database = spent(pid), spent(database)
        took = asyncio.run(_emptied(url, rows, endpoints))
        ours, theirs = (1000 * each / rows for each in (spent(pid) - before, spent(database) - of_database))
    click.echo(
        f"  {endpoints:>3} endpoints: {rows / took:,.0f} a second, {rows / took / bare:.2f} of httpx alone;"
        f" {ours:.1f} ms of processor by the worker, {theirs:.1f} ms by PostgreSQL a row"
    )


async def _emptied(url: str, rows: int, endpoints: int) -> float:
    """Seconds from the rows being there until none is left."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_FILL, rows, endpoints, system.now())
        started = time.perf_counter()
        while await connection.fetchval(_LEFT):  # noqa: ASYNC110 - another process is at work
            await asyncio.sleep(0.2)
        return time.perf_counter() - started
    finally:
        await connection.close()


async def _bare(url: str, rows: int) -> float:
    """The same POSTs a second by the same client, as many at a time, a connection for each as there."""
    todo = iter(range(rows))
    async with httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)) as client:

        async def lane() -> None:
            for n in todo:
                (await client.post(url, content=b'{"number":%d}' % n)).raise_for_status()

        started = time.perf_counter()
        async with asyncio.TaskGroup() as lanes:
            for _ in range(AT_ONCE):
                lanes.create_task(lane())
        return rows / (time.perf_counter() - started)


@contextmanager
def _receiver() -> Iterator[int]:
    command = [sys.executable, str(Path(__file__).with_name("receiving.py"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()
