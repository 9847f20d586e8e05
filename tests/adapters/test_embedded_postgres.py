import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from tests.adapters.owners import WAIT, Owner, is_gone, server_pid, until

from tickets.adapters.embedded_postgres import UNSAFE_AND_FAST, EmbeddedPostgres
from tickets.adapters.embedded_postgres_account import Account
from tickets.adapters.embedded_postgres_binaries import find_programs, reachable_by
from tickets.errors import DatabaseUnavailable, DataFolderUnusable

NOBODY = 65534

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ends with its owner on Linux only")


def write_row(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        connection.execute("INSERT INTO kept VALUES (1)")


def count_rows(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    assert row is not None
    return int(row[0])


def test_a_server_is_made_keeps_its_rows_and_leaves_no_process(folder: Path) -> None:
    with EmbeddedPostgres(folder) as url:
        write_row(url)
        pid = server_pid(folder)
    assert is_gone(pid)
    with EmbeddedPostgres(folder) as url:
        assert count_rows(url) == 1


def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST) as url:
        password = (folder / "password").read_text()
        assert (folder / "password").stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(url.replace(password, "guess"))


def test_the_first_starter_owns_the_server_and_the_second_attaches(folder: Path) -> None:
    with Owner(folder) as first, Owner(folder) as second:
        words = sorted([first.says()[0], second.says()[0]])
    assert words == ["attached", "started"]


def test_a_server_dies_with_its_owner_even_when_that_is_killed(folder: Path) -> None:
    with Owner(folder) as owner:
        _, url = owner.says()
        write_row(url)
        pid = server_pid(folder)
        owner.kill()
    until(lambda: is_gone(pid))
    with EmbeddedPostgres(folder) as url:
        assert count_rows(url) == 1


def test_a_successor_waits_for_the_server_of_a_killed_owner_to_leave(folder: Path) -> None:
    with Owner(folder) as owner, Owner(folder, "own") as successor:
        _, url = owner.says()
        write_row(url)
        owner.kill()
        word, url = successor.says()
        assert word == "started"
        assert count_rows(url) == 1


def test_an_owner_leaves_time_to_those_attached(folder: Path) -> None:
    embedded = EmbeddedPostgres(folder, UNSAFE_AND_FAST)
    url = embedded.start()
    with Owner(folder) as guest:
        assert guest.says()[0] == "attached"
        leaving = threading.Timer(0.5, guest.process.communicate)
        leaving.start()
        before = time.monotonic()
        embedded.stop()
        assert 0.3 < time.monotonic() - before < WAIT
        leaving.join()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_who_must_own_the_server_is_refused_while_another_does(folder: Path) -> None:
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST):
        second = EmbeddedPostgres(folder)
        with pytest.raises(DatabaseUnavailable, match=r"in use by another process\.$"):
            second.start(attach=False, timeout=0.2)


def test_an_interrupted_initdb_is_begun_again(folder: Path) -> None:
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new/PG_VERSION").write_text("18\n")
    (folder / "password.new").write_text("half")
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST) as url:
        write_row(url)
    assert not (folder / "data.new").exists()


def test_a_stale_pid_file_that_names_another_program_does_not_mislead(folder: Path) -> None:
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST) as url:
        write_row(url)
        lines = (folder / "data/postmaster.pid").read_text().split("\n")
    (folder / "data/postmaster.pid").write_text("\n".join([str(os.getpid()), *lines[1:]]))
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST) as url:
        assert count_rows(url) == 1


@pytest.mark.parametrize("name", ["x" * 120, "a, b", "Hỗ trợ & khách=1?"])
def test_a_folder_may_be_called_anything(folder: Path, name: str) -> None:
    with EmbeddedPostgres(folder / name / "postgres", UNSAFE_AND_FAST) as url:
        write_row(url)


def test_data_of_a_release_that_is_not_installed_is_refused_in_one_sentence(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data/PG_VERSION").write_text("9.6\n")
    with pytest.raises(
        DatabaseUnavailable, match=r"was made by PostgreSQL 9\.6, which is not installed here"
    ):
        EmbeddedPostgres(folder).start()


def test_a_folder_nobody_may_write_is_refused_in_one_sentence() -> None:
    with pytest.raises(DataFolderUnusable, match=r"^The data folder /proc/x cannot be used: [^\n]+$"):
        EmbeddedPostgres(Path("/proc/x")).start()


def test_data_of_something_else_is_refused_and_left_alone(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data/diary").write_text("mine")
    with pytest.raises(DatabaseUnavailable, match="holds something else than a PostgreSQL cluster"):
        EmbeddedPostgres(folder).start()
    assert (folder / "data/diary").read_text() == "mine"


def test_a_lost_password_is_said_at_once(folder: Path) -> None:
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST):
        pass
    (folder / "password").unlink()
    with pytest.raises(DatabaseUnavailable, match="put the old file back"):
        EmbeddedPostgres(folder, UNSAFE_AND_FAST).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_of_another_user_is_refused_in_one_sentence(folder: Path) -> None:
    folder.parent.chmod(0o755)
    folder.mkdir()
    with Owner(folder, uid=str(NOBODY)) as owner:
        word, why = owner.says()
        assert word == "refused"
        assert why.startswith(f"The data folder {folder} cannot be used: it belongs to somebody else")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a folder read-only")
def test_a_read_only_folder_is_refused_in_one_sentence(folder: Path) -> None:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        with pytest.raises(DataFolderUnusable, match="cannot be used: Read-only file system"):
            EmbeddedPostgres(folder).start()
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_without_a_home_runs_it_as_themselves(folder: Path) -> None:
    folder.parent.chmod(0o755)
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    with Owner(folder, uid=str(NOBODY)) as owner:
        word, url = owner.says()
        assert word == "started", url
        write_row(url)
        pid = server_pid(folder)
        assert Path(f"/proc/{pid}").stat().st_uid == NOBODY
        owner.kill()
    until(lambda: is_gone(pid))
    with EmbeddedPostgres(folder) as url:  # root after that goes on as the owner of the folder
        assert count_rows(url) == 1
        assert Path(f"/proc/{server_pid(folder)}").stat().st_uid == NOBODY


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another account")
def test_root_never_runs_it_and_opens_none_of_its_private_folders(folder: Path) -> None:
    assert folder.parent.stat().st_mode & 0o777 == 0o700  # as /root is
    with EmbeddedPostgres(folder, UNSAFE_AND_FAST):
        assert Path(f"/proc/{server_pid(folder)}").stat().st_uid != 0
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_uid == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs it as another account")
def test_programs_in_a_private_folder_of_root_are_copied_once_to_where_the_account_can_run_them(
    folder: Path,
) -> None:
    programs = find_programs(folder / "data")
    package = programs.parents[1]
    private = folder.parent / "private"  # below a folder that only root may enter
    for part in (package.name + f"/{programs.parent.name}", package.name + ".libs"):
        if (package.parent / part).exists():
            shutil.copytree(package.parent / part, private / part, symlinks=True)
    hidden = private / programs.relative_to(package.parent)
    nobody = Account((NOBODY, NOBODY))
    assert not nobody.may_run(hidden / "postgres")
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o755)
        copy = reachable_by(nobody, hidden, Path(open_to_all))
        assert nobody.may_run(copy / "initdb")
        assert reachable_by(nobody, hidden, Path(open_to_all)) == copy
        assert len(list(Path(open_to_all).iterdir())) == 1


def test_it_is_started_from_the_main_thread_only(folder: Path) -> None:
    refused: list[Exception] = []

    def start() -> None:
        try:
            EmbeddedPostgres(folder).start()
        except RuntimeError as error:
            refused.append(error)

    with ExitStack() as stack:
        thread = threading.Thread(target=start)
        thread.start()
        stack.callback(thread.join)
    assert "main thread" in str(refused[0])
