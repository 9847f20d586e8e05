"""Locks between processes that a killed holder cannot leave behind: `flock` on a file that stays."""

import fcntl
import os
from pathlib import Path

from tickets.errors import DataFolderBusy, DataFolderUnusable


class FileLock:
    """One lock file; not reentrant, not for threads. The kernel releases it when the holder dies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._file is not None

    def acquire(self, *, shared: bool = False) -> bool:
        """Take it without waiting; whether we hold it now. A shared one excludes only exclusive ones."""
        if self._file is not None:
            return True
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Give it up; nothing happens when it is not held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class ServeLock:
    """At most one server on a data folder: hold it, with `with`, for as long as the server runs."""

    def __init__(self, data_folder: Path) -> None:
        self._lock = FileLock(data_folder / "serve.lock")

    def __enter__(self) -> None:
        """Take it. Raises `DataFolderBusy`, naming the process that has it, and `DataFolderUnusable`."""
        folder = self._lock.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self._lock.acquire():
                self._lock.path.write_text(f"{os.getpid()}\n")
                return
            holder = self._lock.path.read_text().strip() or "unknown"
        except OSError as error:
            raise DataFolderUnusable(folder, error) from error
        raise DataFolderBusy(
            f"Another tickets server (process {holder}) already runs on the data folder {folder}; "
            "stop it, or set TICKETS_DATA_DIR to another folder."
        )

    def __exit__(self, *_: object) -> None:
        """Give it up."""
        self._lock.release()
