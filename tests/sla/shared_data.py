"""Real cases that are never copied here: read by path, skipped where absent."""

import os
from pathlib import Path

import pytest

DATA = Path(os.environ.get("TICKETS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip unless every file is there."""
    missing = [name for name in names if not (DATA / name).exists()]
    return pytest.mark.skipif(bool(missing), reason=f"not in {DATA}: {', '.join(missing)}")
