"""Struck again and again while it is written to, a server keeps what it acknowledged, and keeps it once."""

import asyncio
import hashlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
from tests.faults.clients import keep_asking, watch
from tests.faults.order import levels_heard, must_be_in_order
from tests.faults.served import SAMPLE, Served, shops, until

from tickets.adapters.embedded_postgres import EmbeddedPostgres

BLOWS = 5 if os.environ.get("TICKETS_TEST_LONG") else 2
CLIENTS = 2
Blow = Callable[[Served], Awaitable[None]]
FORM = b'{"name": "Lan", "message": "left behind"}'


@asynccontextmanager
async def database_of(server: Served) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the embedded database of a running server."""
    embedded = EmbeddedPostgres(server.folder / "postgres")
    connection = await asyncpg.connect(embedded.start(attach=True))
    try:
        yield connection
    finally:
        await connection.close()
        embedded.stop()


async def leave_behind(database: asyncpg.Connection) -> None:
    """Keep an envelope as a server that died a minute ago would have."""
    await database.execute(
        "INSERT INTO envelope (id, channel, account, media_type, body, digest, state, received_at) VALUES"
        " ($1, 'form', 'support', 'application/json', $2, $3, 'received', now() - interval '1 minute')",
        uuid4(),
        FORM,
        hashlib.sha256(FORM).digest(),
    )


async def kill_the_server(server: Served) -> None:
    """What an orchestrator or the OOM killer does; somebody starts it again."""
    await server.kill()
    await server.start()


async def kill_its_postgres(server: Served) -> None:
    """Leave the server without its database."""
    pid_file = server.folder / "postgres/data/postmaster.pid"
    os.kill(int((await asyncio.to_thread(pid_file.read_text)).split("\n")[0]), signal.SIGKILL)


async def kill_a_session(server: Served) -> None:
    """One process of PostgreSQL dies: it ends all others and recovers by itself."""
    async with database_of(server) as database:
        pid = await database.fetchval(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'tickets' LIMIT 1"
        )
    os.kill(pid, signal.SIGKILL)


async def freeze_the_server(server: Served) -> None:
    """Stop the process for longer than a drill's budget, as a suspended machine does; then let it go on."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(7)
    server.process.send_signal(signal.SIGCONT)


async def ask_while(server: Served, client: httpx.AsyncClient, blow: Blow) -> list[str]:
    """What was acknowledged to clients that kept asking while the blow fell, and fell again."""
    asked: list[str] = []
    enough = asyncio.Event()
    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(keep_asking(client, f"client-{number}", asked, enough))
        for _ in range(BLOWS):
            before = len(asked)

            async def busy(least: int = before + 10) -> bool:
                return len(asked) > least

            await until(busy, "tickets come in")
            await blow(server)
        enough.set()
    return asked


async def must_all_be_there_once(server: Served, asked: list[str]) -> None:
    """Every ticket once, every drill escalated once, what a dead server left behind understood."""
    async with database_of(server) as database:
        await leave_behind(database)

        async def understood() -> bool:
            return bool(
                await database.fetchval("SELECT count(*) FROM envelope WHERE state = 'received'") == 0
            )

        async def escalated() -> bool:
            drills = await database.fetch("SELECT subject FROM ticket WHERE 'drill' = ANY (tags)")
            heard = await levels_heard(database, "first_response")
            return heard == {drill: {"soon", "broken"} for (drill,) in drills}

        await until(understood, "what was left behind is understood")
        await until(escalated, "every drill escalates")
        await must_be_in_order(database)
        # A form's words are its message; all others have theirs in the subject.
        sql = "SELECT coalesce(nullif(text, ''), subject) FROM ticket JOIN message ON ticket_id = ticket.id"
        there = [row[0] for row in await database.fetch(sql)]
        assert sorted(there) == sorted([*asked, "left behind"])


@pytest.fixture
async def desk(tmp_path: Path) -> Path:
    """The sample desk, whose drills are due in five seconds."""
    made = tmp_path / "desk.yaml"
    sample = await asyncio.to_thread(Path(SAMPLE).read_text, encoding="utf-8")
    made.write_text(sample.replace("budget: PT20S", "budget: PT5S"), encoding="utf-8")
    return made


@pytest.mark.parametrize("blow", [kill_the_server, freeze_the_server])
async def test_what_was_acknowledged_is_there_once(tmp_path: Path, desk: Path, blow: Blow) -> None:
    server = Served(tmp_path)
    async with shops(server, desk=desk) as client:
        asked = await ask_while(server, client, blow)
        await must_all_be_there_once(server, asked)


@pytest.mark.parametrize("blow", [kill_its_postgres, kill_a_session])
async def test_a_server_outlives_its_postgres(tmp_path: Path, desk: Path, blow: Blow) -> None:
    server = Served(tmp_path)
    async with shops(server, desk=desk) as client:
        unready: list[httpx.Response] = []
        watching = asyncio.create_task(watch(client, unready))
        asked = await ask_while(server, client, blow)
        assert not watching.done(), watching.exception()
        watching.cancel()
        assert unready
        await must_all_be_there_once(server, asked)
