"""The sample desk, as text and as read."""

from importlib.resources import files

import pytest

from tickets.application.desk import CompiledDesk, Desk, check, from_objects, to_objects


@pytest.fixture(scope="session")
def sample_text() -> str:
    return (files("tickets") / "sample" / "desk.yaml").read_text("utf-8")


@pytest.fixture(scope="session")
def sample(sample_text: str) -> Desk:
    return check(sample_text).desk


@pytest.fixture(scope="session")
def compiled(sample: Desk) -> CompiledDesk:
    rows = [row._replace(version=7 if row.kind == "sla_policies" else 3) for row in to_objects(sample)]
    return CompiledDesk(from_objects(rows), revision=12)
