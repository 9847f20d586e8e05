"""A server that cannot start says why in one sentence and leaves with an exit code."""

import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.faults.served import Served

from tickets.persistence.engine import Engine


async def refused(server: Served, *words: str) -> None:
    """Try to serve, and hear one sentence with these words."""
    code, _, err = await server.run("serve")
    assert code == 1, err
    assert "Traceback" not in err
    (sentence,) = err.strip().splitlines()
    assert sentence.startswith("tickets: ")
    assert all(word in sentence for word in words), sentence


async def test_a_second_server_on_a_data_folder(tmp_path: Path, database_url: str) -> None:
    first = Served(tmp_path, {"TICKETS_DATABASE_URL": database_url})
    await first.start()
    try:
        second = Served(tmp_path, {"TICKETS_DATABASE_URL": database_url})
        assert first.process is not None
        await refused(second, "Another tickets server", str(first.process.pid), "TICKETS_DATA_DIR")
    finally:
        await first.kill()


async def test_a_database_that_is_not_there(tmp_path: Path, database_url: str) -> None:
    nowhere = "postgresql://nobody:secret@127.0.0.1:1/none"
    await refused(Served(tmp_path, {"TICKETS_DATABASE_URL": nowhere}), "cannot be reached")
    missing = database_url.replace("tickets_test", "tickets_absent")
    await refused(Served(tmp_path, {"TICKETS_DATABASE_URL": missing}), "cannot be reached", "exist")
    await refused(Served(tmp_path, {"TICKETS_DATABASE_URL": "mysql://a/b"}), "TICKETS_DATABASE_URL")


async def test_a_database_newer_than_the_code(tmp_path: Path, database_url: str, engine: Engine) -> None:
    await engine.execute("INSERT INTO migration (name, app_name, ran_on) VALUES ('9999', 'tickets', now())")
    await refused(Served(tmp_path, {"TICKETS_DATABASE_URL": database_url}), "9999", "does not know")


async def test_a_port_that_is_taken(tmp_path: Path, database_url: str) -> None:
    server = Served(tmp_path, {"TICKETS_DATABASE_URL": database_url})
    with socket.create_server(("127.0.0.1", server.port)):
        await refused(
            server,
            f"Port {server.port} of 127.0.0.1 cannot be used: Address already in use; set TICKETS_PORT",
        )


async def test_a_wrong_password(tmp_path: Path, database_url: str) -> None:
    password = urlsplit(database_url).password
    if not password:
        pytest.skip("this server asks for no password")
    wrong = database_url.replace(password, "guess")
    await refused(Served(tmp_path, {"TICKETS_DATABASE_URL": wrong}), "cannot be reached", "password")


async def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    await refused(Served(tmp_path / "data"), "cannot be used: File exists", "TICKETS_DATA_DIR")


async def test_a_data_folder_with_any_name_works(tmp_path: Path) -> None:
    server = Served(tmp_path / "Chăm sóc khách hàng, 100% & hơn nữa" / ("rất dài " * 20))
    try:
        await server.start()
    finally:
        await server.kill(signal.SIGTERM)
    assert server.process is not None
    assert server.process.returncode == 0
