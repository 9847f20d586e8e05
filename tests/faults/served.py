"""Real servers for the stories about what can go wrong: started, killed and started again."""

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import ClassVar

import httpx
from tests.faults.hatchery import Hatched, Hatchery

PATIENCE = 60
"""Seconds a step of a story may take on a busy machine."""

SAMPLE = str(files("tickets.sample").joinpath("desk.yaml"))


def free_port() -> int:
    """A port nobody has right now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


async def until(holds: Callable[[], Awaitable[bool]], what: str, patience: float = PATIENCE) -> None:
    """Look again and again until something holds."""
    deadline = time.monotonic() + patience
    while not await holds():
        assert time.monotonic() < deadline, f"not within {patience} s: {what}"
        await asyncio.sleep(0.1)


@dataclass
class Served:
    """One `tickets serve`, or one of its roles; its data folder, its port, perhaps a database of others."""

    folder: Path
    more: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: Process | Hatched | None = None
    role: str = "serve"
    hatchery: ClassVar[Hatchery | None] = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What its commands run with."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TICKETS_")}
        kept.pop("PYTHONDONTWRITEBYTECODE", None)  # it is started a hundred times: let it be read once
        own = {"TICKETS_DATA_DIR": str(self.folder), "TICKETS_PORT": str(self.port)}
        return kept | own | {"TICKETS_LOG_LEVEL": "error"} | dict(self.more)

    async def run(self, *arguments: str) -> tuple[int, str, str]:
        """One command to its end: exit code, what it printed, what it complained of."""
        process = await self.hatching(*arguments)
        async with asyncio.timeout(PATIENCE):
            out, err = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()

    async def say(self, *arguments: str) -> str:
        """What a command that has to succeed prints."""
        code, out, err = await self.run(*arguments)
        assert code == 0, err
        return out.strip()

    async def start(self) -> None:
        """Serve, and wait until it can."""
        self.process = await self.hatching(self.role)
        await until(self.ready, "the server is ready")

    async def ready(self) -> bool:
        """Whether it answers."""
        assert self.process is not None
        assert self.process.returncode is None, (await self.process.communicate())[1].decode()
        try:
            async with httpx.AsyncClient() as client:
                return (await client.get(f"{self.url}/readyz")).status_code == 200
        except httpx.HTTPError:
            return False

    async def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End it, and wait for its end."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(how)
            async with asyncio.timeout(PATIENCE):
                await self.process.communicate()

    async def hatching(self, *arguments: str) -> Process | Hatched:
        """One command, just begun, perhaps with everything imported."""
        if self.hatchery is None:
            return await self.starting(*arguments)
        return await self.hatchery.hatch(arguments, self.environment)

    async def starting(self, *arguments: str) -> Process:
        """One command, just begun from nothing."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tickets",
            *arguments,
            env=self.environment,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )


@asynccontextmanager
async def shops(*servers: Served, desk: str | Path = SAMPLE) -> AsyncIterator[httpx.AsyncClient]:
    """Servers with a desk, and a client with an admin key; the servers end with the block."""
    async with AsyncExitStack() as stack:
        await servers[0].say("apply", str(desk))
        key = await servers[0].say("mint-key", "faults", "--scope", "admin")
        for server in servers:
            stack.push_async_callback(server.kill)
            await server.start()
        headers = {"Authorization": f"Bearer {key}"}
        client = httpx.AsyncClient(headers=headers, timeout=PATIENCE, base_url=servers[0].url)
        yield await stack.enter_async_context(client)


async def every(client: httpx.AsyncClient, path: str) -> list[dict[str, object]]:
    """All items of a list, page by page."""
    found: list[dict[str, object]] = []
    following: str | None = path
    while following:
        page = (await client.get(following)).raise_for_status().json()
        found += page["items"]
        following = page["next"]
    return found
