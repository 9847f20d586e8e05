"""Where it is measured: a durable PostgreSQL of our own, databases on it, the real server as a process."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import asyncpg

from tickets.adapters.embedded_postgres import EmbeddedPostgres
from tickets.application.publish import apply_file
from tickets.bootstrap import Application, wired
from tickets.persistence.engine import Engine
from tickets.persistence.migrate import migrate
from tickets.settings import read_settings

DURABLE = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",  # no checkpoint in the middle of somebody's turn
    "track_commit_timestamp": "on",  # when a breach was on disk, not when we meant to write it
}
CUSTOMERS = 1000
"""Customers everybody opens tickets for; ids count from 1, so that every contestant can name them."""

_SEED = """
WITH made AS (
    INSERT INTO customer (id, name, created_at)
    SELECT lpad(to_hex(n), 32, '0')::uuid, 'Customer ' || n, '2026-01-01Z' FROM generate_series(1, $1) AS n
    RETURNING id, name
)
INSERT INTO customer_identity (kind, value, customer_id)
SELECT 'email', 'customer-' || substr(name, 10) || '@example.com', id FROM made
"""


class Place:
    """One PostgreSQL for the whole run, in a folder that goes away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.postgres = EmbeddedPostgres(folder / "postgres", DURABLE)

    def __enter__(self) -> Self:
        """Start it."""
        self.url = self.postgres.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.postgres.stop(grace=0)

    def server_process(self) -> int:
        """The process whose children are the database's sessions."""
        return int((self.postgres.home.data / "postmaster.pid").read_text().split()[0])

    def database(self, name: str, desk: str) -> str:
        """A fresh database with this desk and a thousand customers; its URL."""
        url = urlsplit(self.url)._replace(path=f"/{name}").geturl()
        asyncio.run(_make(self.url, url, name))
        asyncio.run(self.with_app(url, lambda app: _furnish(app, desk)))
        return url

    async def with_app(self, url: str, work: Callable[[Application], Awaitable[None]]) -> None:
        """Do something with the wired application, in this process."""
        settings = read_settings({"TICKETS_DATA_DIR": str(self.folder)})
        async with wired(settings, url) as app:
            await work(app)

    def key(self, url: str) -> str:
        """An API key for a database."""
        made: list[str] = []

        async def mint(app: Application) -> None:
            key = await app.parts.api_keys.bootstrap(app.parts.new_id(), app.parts.now())
            made.append(key or "")

        asyncio.run(self.with_app(url, mint))
        return made[0]

    @contextmanager
    def running(self, role: str, url: str, connections: int = 16, **settings: str) -> "Iterator[Running]":
        """`tickets <role>` on a database, until the end of the block."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("TICKETS_")},
            "TICKETS_DATABASE_URL": url,
            "TICKETS_DATA_DIR": str(self.folder / f"{role}-{port}"),
            "TICKETS_OBJECT_STORE": str(self.folder / "objects"),
            "TICKETS_PORT": str(port),
            "TICKETS_POOL_SIZE": str(connections),
            "TICKETS_LOG_FORMAT": "json",
            **settings,
        }
        log = self.folder / f"{role}-{port}.log"
        with log.open("wb") as lines:
            process = subprocess.Popen([sys.executable, "-m", "tickets", role], env=environment, stderr=lines)
        server = Running(process, port, log)
        try:
            server.wait_until_it_answers()
            yield server
        finally:
            process.send_signal(signal.SIGCONT)
            process.terminate()
            process.wait(30)


class Running:
    """A server process. It stands still while others take their turn."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    def wait_until_it_answers(self) -> None:
        """Wait for its port."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and self.process.poll() is None:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")

    @contextmanager
    def its_turn(self) -> "Iterator[None]":
        """Let it go on until the end of the block."""
        self.process.send_signal(signal.SIGCONT)
        yield
        self.process.send_signal(signal.SIGSTOP)


def sample_desk() -> str:
    """The sample desk with agents who never have enough: every ticket opened is also given to one."""
    text = files("tickets.sample").joinpath("desk.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    return "\n".join("    capacity: 100000" if "    capacity:" in line else line for line in lines) + "\n"


async def _make(server: str, url: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    engine = Engine(url, pool_size=1)
    await engine.start()
    await migrate(engine)
    await engine.close()


async def _furnish(app: Application, desk: str) -> None:
    await apply_file(app.parts.desks, desk, app.parts.now())
    await app.engine.execute(_SEED, CUSTOMERS)
