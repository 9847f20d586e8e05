"""One nursery and one hatchery for all stories: what they have imported need not be imported again."""

from collections.abc import AsyncIterator

import pytest
from tests.faults.hatchery import hatchery
from tests.faults.nursery import Nursery, nursery
from tests.faults.served import Served


@pytest.fixture(scope="session", autouse=True)
async def hatched() -> AsyncIterator[None]:
    """Let commands be forked, not started."""
    async with hatchery() as Served.hatchery:
        yield
    Served.hatchery = None


@pytest.fixture(scope="session")
async def born(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    """Where processes come from."""
    async with nursery(tmp_path_factory.mktemp("nursery") / "log") as made:
        yield made
