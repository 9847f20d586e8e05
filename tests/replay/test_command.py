"""`tickets replay` as somebody types it."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
from tests.database import TestServer
from tests.replay.conftest import MAPPING


def tickets(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The command, run to its end."""
    return subprocess.run(
        [sys.executable, "-m", "tickets", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


def databases(server: TestServer) -> set[str]:
    with psycopg.connect(server.url) as connection:
        names = connection.execute("SELECT datname FROM pg_database").fetchall()
    return {name for (name,) in names if name.startswith("tickets_replay")}


def test_it_replays_into_a_database_of_its_own_and_leaves_none(
    postgres: TestServer, rows: Path, desk: str, tmp_path: Path
) -> None:
    (tmp_path / "desk.yaml").write_text(desk)
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    before = databases(postgres)
    ran = tickets(
        *("replay", rows, "--mapping", tmp_path / "mapping.yaml", "--desk", tmp_path / "desk.yaml"),
        *("--database-url", postgres.url),
        TICKETS_DATA_DIR=str(tmp_path),
    )
    assert ran.returncode == 0, ran.stderr
    assert "due instants 6 of 6 as in the file" in ran.stdout
    assert databases(postgres) == before


def test_it_wants_a_desk_or_a_server(rows: Path) -> None:
    ran = tickets("replay", rows)
    assert ran.returncode == 2
    assert "give --desk, or --live and --key" in ran.stderr
