"""A newcomer's first minute: what `tickets quickstart` prints works as pasted, and again after `kill -9`."""

import asyncio
import json
import re
import shutil
from asyncio.subprocess import PIPE
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.faults.served import PATIENCE, Served, until

LAST = "Press Ctrl-C to stop."


async def welcome(server: Served) -> str:
    """Start, and read all it says until it is ready."""
    server.process = await server.starting("quickstart")
    assert server.process.stdout is not None
    said = ""
    async with asyncio.timeout(PATIENCE):
        while LAST not in said:
            line = await server.process.stdout.readline()
            assert line, (await server.process.communicate())[1].decode()
            said += line.decode()
    return said


def commands(said: str) -> list[str]:
    """What is there to be pasted: blocks that begin with `curl`, without their comments."""
    blocks = [re.sub(r"(?m)^#.*\n", "", block) for block in said.split("\n\n")]
    return [block for block in blocks if block.startswith("curl")]


async def paste(command: str) -> str:
    """Paste a command into a shell."""
    process = await asyncio.create_subprocess_exec("bash", "-c", command, stdout=PIPE, stderr=PIPE)
    async with asyncio.timeout(PATIENCE):
        out, err = await process.communicate()
    assert process.returncode == 0, (command, err.decode())
    return out.decode()


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")
async def test_what_is_printed_works_as_pasted_and_again_after_kill_9(tmp_path: Path) -> None:
    server = Served(tmp_path / "chỗ của tôi", {"TICKETS_DATABASE_URL": ""})
    try:
        form, mail, call, look, drill, alerts = commands(await welcome(server))
        key = re.search(r"tk_\S+(?=')", mail)
        assert key is not None
        headers = {"Authorization": f"Bearer {key[0]}"}
        async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
            for number, request in enumerate((form, mail, call, drill), start=1):
                answer = json.loads(await paste(request))
                assert answer["number"] == number
                ticket = answer.get("ticket") or answer["id"]
                looking = look.replace("<ticket>", ticket)
                await until(partial(placed, looking), f"this has an agent: {request}")
            await until(lambda: escalated(client, ticket), "the fire drill reaches who is on call")
            assert ticket in await paste(alerts)
        await server.kill()
        again = await welcome(server)
        assert key[0] in again
        shown = json.loads(await paste(looking))
        assert shown["number"] == number
        await a_key_that_was_revoked_is_not_shown(server, key[0], again)
    finally:
        await server.kill()


async def placed(look: str) -> bool:
    """Whether a ticket has all that was promised to the newcomer; its agent comes last."""
    ticket: dict[str, Any] = json.loads(await paste(look))
    assert ticket["number"]
    assert ticket["customer"]["id"]
    assert {clock["policy"] for clock in ticket["clocks"]} <= {"standard", "drill"}
    assert all(clock["due_at"] for clock in ticket["clocks"])
    return ticket["assignee"] is not None and ticket["assignee"] in ticket["routing"]["reason"]


async def escalated(client: httpx.AsyncClient, ticket: str) -> bool:
    """Whether the promise is broken, and somebody was told."""
    alerts = (await client.get(f"/v1/alerts?ticket={ticket}")).raise_for_status().json()["items"]
    return any(alert["level"] == "broken" and alert["recipients"] for alert in alerts)


async def a_key_that_was_revoked_is_not_shown(server: Served, key: str, said: str) -> None:
    """A third start says how to make another, and what it says works as pasted too."""
    export = next(block for block in said.split("\n\n") if block.endswith(" export"))
    assert "timezone: Asia/Ho_Chi_Minh" in await paste(export)
    async with httpx.AsyncClient(base_url=server.url, headers={"Authorization": f"Bearer {key}"}) as client:
        (made,) = (await client.get("/v1/api-keys")).raise_for_status().json()["items"]
        (await client.delete(f"/v1/api-keys/{made['id']}")).raise_for_status()
    await server.kill()
    said = await welcome(server)
    assert key not in said
    assert "mint-key NAME --scope admin" in said
