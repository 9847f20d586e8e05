"""The same requests to a running server; what it acknowledged is there, whatever happened in between."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from msgspec import Struct

from tickets.api.app import create_app
from tickets.application.publish import apply_file
from tickets.bootstrap import wired
from tickets.errors import CannotStart
from tickets.replay.cases import read_cases
from tickets.replay.live import Journal
from tickets.replay.mapping import Mapping
from tickets.replay.play import replay_live
from tickets.settings import Settings


class Running(Struct, frozen=True):
    """Where a server is, and the key to it."""

    url: str
    key: str


@pytest.fixture
async def running(settings: Settings, database_url: str, desk: str) -> AsyncIterator[Running]:
    """A server of the town on a free port."""
    async with wired(settings, database_url) as app:
        await apply_file(app.parts.desks, desk, app.parts.now())
        key = await app.parts.api_keys.bootstrap(app.parts.new_id(), app.parts.now())
        config = uvicorn.Config(create_app(app.parts), log_config=None, lifespan="off")
        with socket.create_server(("127.0.0.1", 0)) as listening:
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([listening]))
            yield Running(f"http://127.0.0.1:{listening.getsockname()[1]}", key or "")
            server.should_exit = True
            await serving


async def test_what_was_acknowledged_is_on_the_server(
    running: Running, rows: Path, mapping: Mapping, tmp_path: Path
) -> None:
    compared = await replay_live(running.url, running.key, read_cases(rows, mapping), tmp_path / "journal")
    assert (compared.acknowledged, compared.on_server, compared.lost, compared.doubled) == (6, 6, 0, 0)


async def test_a_replay_goes_on_where_it_was_cut_off_and_doubles_nothing(
    running: Running, rows: Path, mapping: Mapping, tmp_path: Path
) -> None:
    """A lost journal is the worst of it: every answer of the first run was lost on the way."""
    cases = read_cases(rows, mapping)
    await replay_live(running.url, running.key, cases[:4], tmp_path / "lost")
    compared = await replay_live(running.url, running.key, cases, tmp_path / "journal")
    assert (compared.acknowledged, compared.on_server, compared.lost, compared.doubled) == (6, 6, 0, 0)
    with Journal(tmp_path / "journal") as journal:
        assert len(journal.opened) == 6
        assert journal.solved == {"1", "2", "4", "6"}


async def test_a_server_that_is_away_is_said_and_the_journal_stays(
    rows: Path, mapping: Mapping, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(CannotStart, match="goes on from there"):
        await replay_live(f"http://127.0.0.1:{port}", "tk_x", read_cases(rows, mapping), tmp_path / "journal")
    assert (tmp_path / "journal").read_bytes() == b""


async def test_a_refused_request_is_said(
    running: Running, rows: Path, mapping: Mapping, tmp_path: Path
) -> None:
    with pytest.raises(CannotStart, match="refused"):
        await replay_live(running.url, "tk_wrong", read_cases(rows, mapping), tmp_path / "journal")
