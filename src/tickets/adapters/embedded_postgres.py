"""PostgreSQL without an installation: a private server for one data folder, which lives as long as its owner.

The first process to `start` owns the server; others attach to it. It listens on a Unix socket only, asks
for a random password, and ends with its owner, even when that is killed: the kernel sends it SIGINT then.
"""

import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from tickets.adapters.embedded_postgres_account import Account
from tickets.adapters.embedded_postgres_cluster import PATIENCE, Cluster, answers
from tickets.adapters.embedded_postgres_home import DATABASE, Home
from tickets.adapters.embedded_postgres_keeper import PAUSES, keep
from tickets.adapters.file_lock import FileLock
from tickets.errors import DatabaseUnavailable, DataFolderUnusable

SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
}
if sys.platform == "linux":
    SERVER_SETTINGS["recovery_init_sync_method"] = (
        "syncfs"  # one call, not a thousand files: back in half a second
    )
UNSAFE_AND_FAST = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Settings for a server whose data nobody will miss."""


class EmbeddedPostgres:
    """The server of one folder, made when it is not there yet.

    Start it from the main thread and early: it ends with the thread that started it, and Python 3.12 warns
    when a process forks while it has other threads. `owned` says whether it ends with us.
    """

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.home = Home(folder)
        self.settings = {**SERVER_SETTINGS, **(settings or {})}
        self._owner = FileLock(self.home.folder / "owner.lock")
        self._guest = FileLock(self.home.folder / "guests.lock")
        self._cluster: Cluster | None = None

    def start(self, *, attach: bool = True, timeout: float = 60.0) -> str:
        """The URL of a server that answers: started by us, or (with `attach`) owned by another process.

        Without `attach` it must become ours within `timeout` seconds: a command that is just finishing with
        it is waited for. Raises `DatabaseUnavailable` and `DataFolderUnusable`.
        """
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("start the embedded PostgreSQL from the main thread: it ends with its thread")
        try:
            self._start(attach=attach, deadline=time.monotonic() + timeout)
        except OSError as error:
            raise DataFolderUnusable(self.home.folder, error) from error
        return self.home.url()

    def _start(self, *, attach: bool, deadline: float) -> None:
        account = Account.choose(self.home.folder)
        self.home.prepare(account)
        while not self._owner.acquire():
            if attach and self._attach():
                return
            if time.monotonic() > deadline:
                raise DatabaseUnavailable(f"The database in {self.home.folder} is in use by another process.")
            time.sleep(PATIENCE)
        try:
            self.home.make_password()
            self._cluster = Cluster(self.home, account, self.settings)
            self._cluster.make()
            self._cluster.start(deadline)
            self._make_database()
        except BaseException:
            self.stop(grace=0)
            raise

    @property
    def owned(self) -> bool:
        """Whether the server is ours, so that it ends with us."""
        return self._owner.held

    async def keep(self, pauses: Sequence[float] = PAUSES) -> None:
        """Start our server again whenever it dies, until cancelled; return at once when it is not ours.

        From the main thread only. Connections of before are gone, and until it answers again new ones are
        refused. `pauses` are seconds before each attempt. Raises `DatabaseUnavailable` when none is left.
        """
        if self._cluster is not None:
            await keep(self._cluster, pauses)

    def stop(self, grace: float = 10.0) -> None:
        """Leave the server; stop it when it is ours, `grace` seconds later at most if others are attached."""
        self._guest.release()
        if self._cluster is not None:
            end = time.monotonic() + grace
            while not self._guest.acquire() and time.monotonic() < end:
                time.sleep(PATIENCE)
            self._cluster.stop()
            self.home.leave()
            self._cluster = None
            self._guest.release()
        self._owner.release()

    def __enter__(self) -> str:
        """Start, and the URL."""
        return self.start()

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def _attach(self) -> bool:
        self._guest.acquire(shared=True)
        if self.home.has_password() and answers(self.home.url()):
            return True
        self._guest.release()
        return False

    def _make_database(self) -> None:
        with psycopg.connect(self.home.url("postgres"), autocommit=True) as connection:
            if (
                connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
                is None
            ):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
