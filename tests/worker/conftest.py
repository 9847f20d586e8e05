"""Fixtures of the stories about what leaves."""

import pytest
from tests.worker.stage import Clock

from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(engine: Engine) -> PostgresOutbox:
    return PostgresOutbox(engine)
