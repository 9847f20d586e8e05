"""The customer's card reaches the agent who answered, through any process, and after a broken line too."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.faults.served import Served, shops

CALL = {"at": "2026-03-02T09:00:00+07:00", "from": "0901234567", "agent": "sales-lead"}


@asynccontextmanager
async def stream(
    server: Served, key: str, last: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """The lines of the sales lead's own stream."""
    headers = {"Authorization": f"Bearer {key}"} | ({"Last-Event-ID": last} if last else {})
    async with (
        httpx.AsyncClient(timeout=60) as client,
        client.stream("GET", f"{server.url}/v1/agents/me/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        lines = blocks(answer)
        await anext(lines)
        yield lines


async def blocks(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    """Blocks of a stream by the names of their lines."""
    block: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, text = line.partition(": ")
            block[name] = text
        elif block:
            yield block
            block = {}


async def answered(server: Served, key: str, call_id: str) -> None:
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        body: dict[str, Any] = {**CALL, "call_id": call_id, "event": "answered"}
        answer = await client.post(f"{server.url}/v1/intake/hotline/1900", json=body)
        assert answer.is_success, answer.text


async def test_the_card_comes_through_another_process_and_after_a_broken_line(
    database_url: str, tmp_path: Path
) -> None:
    more = {"TICKETS_DATABASE_URL": database_url}
    one, two = Served(tmp_path / "one", more), Served(tmp_path / "two", more)
    await one.say("migrate")
    async with shops(one, two):
        agent = await one.say("mint-key", "lead", "--scope", "tickets:read", "--agent", "sales-lead")
        system = await one.say("mint-key", "pbx", "--scope", "intake:write")
        async with stream(one, agent) as lines:
            await answered(two, system, "c1")
            async with asyncio.timeout(60):
                card = await anext(lines)
        assert card["event"] == "call.answered"
        assert json.loads(card["data"])["number"] == "+84901234567"
        await answered(two, system, "c2")
        await answered(one, system, "c2")
        await answered(one, system, "c3")
        async with stream(two, agent, last=card["id"]) as lines, asyncio.timeout(60):
            found = [json.loads((await anext(lines))["data"])["call_id"] for _ in range(2)]
        assert found == ["c2", "c3"]
