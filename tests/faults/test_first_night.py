"""A manager's first night: every block of docs/first-night.md works as pasted, one after the other."""

import asyncio
import re
import shutil
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

import pytest
from tests.faults.served import PATIENCE, Served, free_port

PAGE = (Path(__file__).parents[2] / "docs" / "first-night.md").read_text("utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("bash")), reason="needs curl and bash")
async def test_it_leads_from_nothing_to_paged_acknowledged_and_resolved(tmp_path: Path) -> None:
    server = Served(
        tmp_path / ".data", {"TICKETS_ALLOW_PRIVATE_WEBHOOKS": "127.0.0.1", "TICKETS_DATABASE_URL": ""}
    )
    server.role = "quickstart"
    pasted = "set -e\ntrap 'kill $RINGING || true' EXIT\n" + "\n".join(BLOCKS)
    for shown, here in (("http://127.0.0.1:8080", server.url), ("PHONE=9099", f"PHONE={free_port()}")):
        assert shown in pasted
        pasted = pasted.replace(shown, here)
    try:
        await server.start()
        shell = await asyncio.create_subprocess_exec(
            "bash", "-c", pasted, cwd=tmp_path, stdout=PIPE, stderr=STDOUT
        )
        async with asyncio.timeout(2 * PATIENCE):
            said = (await shell.communicate())[0].decode()
    finally:
        await server.kill()
    assert shell.returncode == 0, said
    assert "'agent:sales-lead', 'webhook:phone', 'email:manager@shop.example.vn'" in said
    assert "no mail server is configured" in said
    assert "Had by: webhook:phone" in said
    states = [line for line in said.splitlines() if line in {"open", "acknowledged", "snoozed", "resolved"}]
    assert states == ["acknowledged", "open", "acknowledged", "snoozed", "resolved"]
    happened = re.findall(r'(?m)^"escalation\.(\w+)"$', said)
    assert happened == ["begun", "acknowledged", "reopened", "taken_over", "snoozed", "resolved"]
