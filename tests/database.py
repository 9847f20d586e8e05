"""A real PostgreSQL for the tests: one server, one migrated template, a fresh copy for whoever asks."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from tickets.adapters.embedded_postgres import UNSAFE_AND_FAST, EmbeddedPostgres
from tickets.persistence.engine import Engine
from tickets.persistence.migrate import migrate

_numbers = itertools.count(1)

REMEMBERS = {"track_commit_timestamp": "on"}
"""What makes a server a witness: it knows when each row was committed, by its own clock."""


class TestServer:
    """Makes and drops databases on one server. Names carry our process, so that many may share it."""

    __test__ = False

    def __init__(self, url: str) -> None:
        self.url = url
        self._template = f"tickets_test_{os.getpid()}_template"

    def database_url(self, name: str) -> str:
        """The address of another database of this server."""
        return urlsplit(self.url)._replace(path=f"/{name}").geturl()

    async def make_template(self) -> None:
        """Make the migrated database that all others are copies of."""
        await self._run(f'DROP DATABASE IF EXISTS "{self._template}"', f'CREATE DATABASE "{self._template}"')
        engine = Engine(self.database_url(self._template), pool_size=1)
        await engine.start()
        try:
            await migrate(engine)
        finally:
            await engine.close()

    async def create(self, *, empty: bool = False) -> str:
        """The URL of a fresh database: a copy of the template (20 ms), or one with nothing in it."""
        name = f"tickets_test_{os.getpid()}_{next(_numbers)}"
        template = "template0" if empty else self._template
        await self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.database_url(name)

    async def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected."""
        await self._run(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')

    async def drop_template(self) -> None:
        """Leave a borrowed server as it was."""
        await self.drop(self.database_url(self._template))

    async def _run(self, *statements: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def server(folder: Path) -> Iterator[TestServer]:
    """The server of TICKETS_TEST_DATABASE_URL, or our own in this folder that promises no durability."""
    if borrowed := os.environ.get("TICKETS_TEST_DATABASE_URL"):
        yield TestServer(borrowed)
        return
    settings = {**UNSAFE_AND_FAST, **REMEMBERS, "max_connections": "200", "shared_buffers": "64MB"}
    embedded = EmbeddedPostgres(folder, settings)
    try:
        yield TestServer(embedded.start())
    finally:
        embedded.stop(grace=0)
