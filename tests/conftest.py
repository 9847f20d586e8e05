"""Fixtures every test may ask for: a PostgreSQL, a fresh database on it, an engine that speaks to it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.database import TestServer, server
from tests.worker.brokers import rabbitmq

from tickets.persistence.current import DB
from tickets.persistence.engine import Engine


@pytest.fixture(scope="session")
def postgres() -> Iterator[TestServer]:
    """One server for the session (for each worker of xdist), gone without a trace at its end."""
    folder = Path(tempfile.mkdtemp(prefix="tickets-test-"))
    try:
        with server(folder / "postgres") as made:
            yield made
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
async def templated_postgres(postgres: TestServer) -> AsyncIterator[TestServer]:
    """The server with its migrated template."""
    await postgres.make_template()
    yield postgres
    await postgres.drop_template()


@pytest.fixture(scope="session")
def rabbitmq_url() -> Iterator[str]:
    """One RabbitMQ for the session: it takes ten seconds to start."""
    with rabbitmq() as url:
        yield url


@pytest.fixture
async def database_url(templated_postgres: TestServer) -> AsyncIterator[str]:
    """A fresh migrated database."""
    url = await templated_postgres.create()
    yield url
    await templated_postgres.drop(url)


@pytest.fixture
async def empty_database_url(postgres: TestServer) -> AsyncIterator[str]:
    """A fresh database with nothing in it."""
    url = await postgres.create(empty=True)
    yield url
    await postgres.drop(url)


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[Engine]:
    """A started engine on a fresh migrated database, bound to the tables."""
    made = Engine(database_url, pool_size=5)
    await made.start()
    with DB.bound(made):
        DB.bind(made)
        yield made
    DB.bind(None)
    await made.close()
