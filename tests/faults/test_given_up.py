"""A server whose PostgreSQL cannot come back, or has no room left, says so and loses nothing."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.faults.clients import must_say_try_again
from tests.faults.served import PATIENCE, Served, every, shops, until

MIB = 2**20


async def ask(client: httpx.AsyncClient, number: int) -> httpx.Response:
    noise = random.Random(number).randbytes(10_000).hex()  # noqa: S311 - it must not compress, no more
    body = {"subject": str(number), "text": noise}
    return await client.post("/v1/tickets", json=body, headers={"Idempotency-Key": f"ask-{number}"})


async def subjects(client: httpx.AsyncClient) -> list[str]:
    return sorted(str(ticket["subject"]) for ticket in await every(client, "/v1/tickets?limit=100"))


async def test_a_server_whose_postgres_cannot_come_back_leaves_in_one_sentence(tmp_path: Path) -> None:
    server = Served(tmp_path)
    async with shops(server) as client:
        assert (await ask(client, 1)).status_code == 201
        data = tmp_path / "postgres/data"
        control = (data / "global/pg_control").rename(tmp_path / "pg_control")
        os.kill(int((data / "postmaster.pid").read_text().split("\n")[0]), signal.SIGKILL)
        assert server.process is not None
        async with asyncio.timeout(PATIENCE):
            _, err = await server.process.communicate()
        assert server.process.returncode == 1
        assert b"Traceback" not in err
        last = err.decode().strip().splitlines()[-1]
        assert last.startswith("tickets: PostgreSQL did not start, see ")
        assert "pg_control" in last
        control.rename(data / "global/pg_control")
        await server.start()
        assert await subjects(client) == ["1"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 200 MiB."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only root on Linux can make a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200m,mode=0755", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("left", [1, 12], ids=["no room for rows", "no room for the log of PostgreSQL"])
async def test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing(small_disk: Path, left: int) -> None:
    server = Served(small_disk)
    filler = small_disk / "filler"
    async with shops(server) as client:
        state = os.statvfs(small_disk)
        filler.write_bytes(bytes(state.f_bavail * state.f_frsize - left * MIB))
        refused: list[int] = []
        asked = 0
        while len(refused) < 20:
            answer = await ask(client, asked)
            if not answer.is_success:
                must_say_try_again(answer)
                refused.append(asked)
                await asyncio.sleep(0.02)
            asked += 1
        assert (await client.get("/livez")).is_success
        filler.unlink()
        await until(server.ready, "there is room again")
        for number in refused:
            assert (await ask(client, number)).is_success
        assert await subjects(client) == sorted(str(number) for number in range(asked))
