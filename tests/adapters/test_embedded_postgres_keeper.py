"""A server of ours that dies under us is started again; one that will not stay is given up."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from tests.adapters.owners import WAIT, Owner, server_pid

from tickets.adapters.embedded_postgres import EmbeddedPostgres
from tickets.adapters.embedded_postgres_cluster import answers
from tickets.errors import DatabaseUnavailable

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="ends with its owner on Linux only"),
    # Python 3.12 on: a server started again is started while there are threads. Its child only execs.
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]


@asynccontextmanager
async def kept(embedded: EmbeddedPostgres) -> AsyncIterator[None]:
    keeping = asyncio.create_task(embedded.keep())
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


def kill(folder: Path) -> int:
    os.kill(pid := server_pid(folder), signal.SIGKILL)
    return pid


async def until_another_answers(folder: Path, url: str, before: int) -> None:
    end = time.monotonic() + WAIT
    while not answers(url) or server_pid(folder) == before:
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def test_a_killed_server_is_started_again_with_all_that_was_committed(folder: Path) -> None:
    embedded = EmbeddedPostgres(folder)
    with embedded as url:
        async with kept(embedded):
            for number in range(2):
                with psycopg.connect(url) as connection:
                    connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
                    connection.execute("INSERT INTO kept VALUES (%s)", [number])
                await until_another_answers(folder, url, kill(folder))
        with psycopg.connect(url) as connection:
            assert connection.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(0,), (1,)]


async def test_the_loop_goes_on_while_a_server_comes_back(folder: Path) -> None:
    embedded = EmbeddedPostgres(folder)
    with embedded as url:
        async with kept(embedded):
            before = kill(folder)
            coming = asyncio.create_task(until_another_answers(folder, url, before))
            turns = 0
            while not coming.done():
                await asyncio.sleep(0.001)
                turns += 1
            await coming
    assert turns > 3


async def test_a_server_that_cannot_start_any_more_is_given_up_in_one_sentence(folder: Path) -> None:
    embedded = EmbeddedPostgres(folder)
    with embedded:
        (folder / "data/global/pg_control").rename(folder / "pg_control")
        kill(folder)
        with pytest.raises(DatabaseUnavailable, match=r"^PostgreSQL did not start, see \S+: [^\n]+\.$") as no:
            await embedded.keep(pauses=(0, 0))
        assert "pg_control" in str(no.value)
        (folder / "pg_control").rename(folder / "data/global/pg_control")


async def test_a_server_that_keeps_dying_is_given_up(folder: Path) -> None:
    embedded = EmbeddedPostgres(folder)
    with embedded as url:
        keeping = asyncio.create_task(embedded.keep(pauses=(0,)))
        await until_another_answers(folder, url, kill(folder))
        kill(folder)
        with pytest.raises(DatabaseUnavailable, match=r"(keeps dying|did not start).*\bexit code -9\b"):
            await keeping


async def test_a_guest_leaves_the_server_to_its_owner(folder: Path) -> None:
    with Owner(folder) as owner:
        assert owner.says()[0] == "started"
        guest = EmbeddedPostgres(folder)
        with guest:
            assert not guest.owned
            await guest.keep()


def test_a_lock_of_the_socket_that_names_another_program_does_not_mislead(folder: Path) -> None:
    with EmbeddedPostgres(folder):
        lock = folder / ".s.PGSQL.5432.lock"
        lines = lock.read_text().split("\n")
        owner = lock.stat()
    with subprocess.Popen(
        ["sleep", "60"], user=owner.st_uid, group=owner.st_gid, extra_groups=[] if os.geteuid() == 0 else None
    ) as other:
        lock.write_text("\n".join([str(other.pid), *lines[1:]]))
        os.chown(lock, owner.st_uid, owner.st_gid)
        try:
            with EmbeddedPostgres(folder) as url:
                assert answers(url)
        finally:
            other.kill()
