import os
import subprocess
import sys
from pathlib import Path

import pytest

from tickets.adapters.file_lock import FileLock, ServeLock
from tickets.errors import DataFolderBusy, DataFolderUnusable


def test_a_second_server_on_the_same_folder_is_refused_with_the_first_ones_process_number(
    tmp_path: Path,
) -> None:
    with ServeLock(tmp_path):
        with pytest.raises(
            DataFolderBusy, match=rf"^Another tickets server \(process {os.getpid()}\) already"
        ) as no:
            ServeLock(tmp_path).__enter__()
        assert "\n" not in str(no.value)
    with ServeLock(tmp_path):
        pass


@pytest.mark.parametrize(
    ("folder", "why"),
    [("file", "File exists"), ("file/below", "Not a directory"), ("x" * 300, "File name too long")],
)
def test_a_folder_that_cannot_be_made_is_refused_in_one_sentence(
    tmp_path: Path, folder: str, why: str
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DataFolderUnusable, match=rf"^The data folder \S+ cannot be used: {why}; [^\n]+$"):
        ServeLock(tmp_path / folder).__enter__()


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    hold = "import sys; from pathlib import Path; from tickets.adapters.file_lock import ServeLock\n"
    hold += "with ServeLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataFolderBusy, match=f"process {holder.pid}"):
            ServeLock(tmp_path).__enter__()
        holder.kill()
    with ServeLock(tmp_path):
        pass


def test_shared_locks_exclude_only_exclusive_ones(tmp_path: Path) -> None:
    guests = [FileLock(tmp_path / "lock") for _ in range(3)]
    owner = FileLock(tmp_path / "lock")
    assert all(guest.acquire(shared=True) for guest in guests)
    assert not owner.acquire()
    for guest in guests:
        guest.release()
    assert owner.acquire()
    assert not guests[0].acquire(shared=True)
    owner.release()
