"""The server is killed again and again while it is written to: what was acknowledged is there, once."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
from tests.faults.order import levels_heard, must_be_in_order
from tests.faults.served import SAMPLE, Served, shops, until

from tickets.adapters.embedded_postgres import EmbeddedPostgres

KILLS = 5 if os.environ.get("TICKETS_TEST_LONG") else 2
CLIENTS = 4
FORM = b'{"name": "Lan", "message": "left behind"}'


async def insist(client: httpx.AsyncClient, path: str, body: object, key: str) -> httpx.Response:
    """Send a request under one key until it is answered, as a careful client does."""
    while True:
        try:
            answer = await client.post(path, json=body, headers={"Idempotency-Key": key}, timeout=10)
            if answer.status_code < 500:
                return answer.raise_for_status()
        except httpx.TransportError:
            pass  # killed before, during or after: nobody can know
        await asyncio.sleep(0.2)


async def keep_asking(client: httpx.AsyncClient, name: str, asked: list[str], enough: asyncio.Event) -> None:
    """Open ticket after ticket, every third one by a form, every fourth one a drill."""
    number = 0
    while not enough.is_set():
        number += 1
        subject = f"{name}-{number}"
        if number % 3 == 0:
            answer = {"name": name, "topic": "other", "message": subject}
            await insist(client, "/v1/intake/forms/support", answer, subject)
        else:
            tags = ["drill"] if number % 4 == 0 else []
            body = {"subject": subject, "tags": tags, "external_id": subject}
            await insist(client, "/v1/tickets", body, subject)
        asked.append(subject)
        await asyncio.sleep(0.02)


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


async def test_what_was_acknowledged_is_there_once(tmp_path: Path) -> None:
    server = Served(tmp_path)
    desk = tmp_path / "desk.yaml"
    sample = await asyncio.to_thread(Path(SAMPLE).read_text, encoding="utf-8")
    desk.write_text(sample.replace("budget: PT20S", "budget: PT5S"), encoding="utf-8")
    async with shops(server, desk=desk) as client:
        asked: list[str] = []
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as clients:
            for number in range(CLIENTS):
                clients.create_task(keep_asking(client, f"client-{number}", asked, enough))
            for _ in range(KILLS):
                before = len(asked)

                async def busy(least: int = before + 10) -> bool:
                    return len(asked) > least

                await until(busy, "tickets come in")
                await server.kill()
                await server.start()
            enough.set()
        async with database_of(server) as database:
            await leave_behind(database)

            async def understood() -> bool:
                sql = "SELECT count(*) FROM envelope WHERE state = 'received'"
                return bool(await database.fetchval(sql) == 0)

            async def escalated() -> bool:
                drills = await database.fetch("SELECT subject FROM ticket WHERE 'drill' = ANY (tags)")
                heard = await levels_heard(database, "first_response")
                return heard == {drill: {"soon", "broken"} for (drill,) in drills}

            await until(understood, "what was left behind is understood")
            await until(escalated, "every drill escalates")
            await must_be_in_order(database)
            # A form's words are its message; all others have theirs in the subject.
            sql = (
                "SELECT coalesce(nullif(text, ''), subject) FROM ticket JOIN message ON ticket_id = ticket.id"
            )
            there = [row[0] for row in await database.fetch(sql)]
            assert sorted(there) == sorted([*asked, "left behind"])
