"""A database of a replay's own, on a server that may serve others too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg

from tickets.errors import DatabaseUnavailable
from tickets.persistence.engine import Engine
from tickets.persistence.migrate import migrate


@asynccontextmanager
async def own_database(server_url: str, name: str, *, keep: bool) -> AsyncIterator[str]:
    """The URL of a fresh migrated database; dropped in the end unless it is to be kept.

    Commits do not wait for the disk there: a replay that was cut off is run again. Raises
    `DatabaseUnavailable` when the server cannot be reached or lets us make no database.
    """
    server = Engine(server_url, pool_size=1)
    await server.start()
    try:
        await _make(server, name)
        url = urlsplit(server_url)._replace(path=f"/{name}").geturl()
        try:
            await _migrate(url)
            yield url
        finally:
            if not keep:
                await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await server.close()


async def _make(server: Engine, name: str) -> None:
    try:
        await server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        await server.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    except asyncpg.PostgresError as refusal:
        raise DatabaseUnavailable(f"A database for the replay cannot be made: {refusal}.") from refusal


async def _migrate(url: str) -> None:
    engine = Engine(url, pool_size=1)
    await engine.start()
    try:
        await migrate(engine)
    finally:
        await engine.close()
