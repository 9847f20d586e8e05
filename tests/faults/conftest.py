"""One nursery for all stories: what it has imported it need not import again."""

from collections.abc import AsyncIterator

import pytest
from tests.faults.nursery import Nursery, nursery


@pytest.fixture(scope="session")
async def born(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Nursery]:
    """Where processes come from."""
    async with nursery(tmp_path_factory.mktemp("nursery") / "log") as made:
        yield made
