"""A place for an embedded server."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tickets-pg-"))
    yield made / "postgres"
    shutil.rmtree(made)
