"""The folder an embedded cluster lives in: what lies where, and how others find it."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tickets.adapters.embedded_postgres_account import Account

_SOCKET_PATH_LIMIT = 107  # bytes of sun_path on Linux, less its NUL
_SOCKET = ".s.PGSQL.5432"
USER = DATABASE = "tickets"


class Home:
    """Paths of one cluster. The socket lies beside the data, or below /tmp when that path is too long."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "data"
        self.unfinished = self.folder / "data.new"
        self.log = self.folder / "postgres.log"
        self._password = self.folder / "password"
        self.sockets = self._socket_folder()

    def prepare(self, account: Account) -> None:
        """Make the folder, for this account alone. Raises `OSError` when that is not allowed."""
        account.make_folder(self.folder)
        if self.sockets != self.folder:
            account.make_folder(self.sockets)

    def make_password(self) -> None:
        """Make the password once, whole or not at all. Only the owner of the server may."""
        if self.has_password():
            return
        new = self._password.with_suffix(".new")
        new.unlink(missing_ok=True)
        new.touch(0o600)
        new.write_text(secrets.token_urlsafe(24))
        new.rename(self._password)

    def free_socket(self) -> None:
        """Remove the lock a dead server left on its socket: the number in it may be another program's now."""
        (self.sockets / f"{_SOCKET}.lock").unlink(missing_ok=True)

    def leave(self) -> None:
        """Remove what a stopped server has no more use for."""
        if self.sockets != self.folder:
            with suppress(OSError):  # another server of ours may be faster than we are tidy
                self.sockets.rmdir()

    def has_password(self) -> bool:
        """Whether the cluster was ever started."""
        return self._password.exists()

    def password(self) -> str:
        """The random password of this cluster, the same since it was made."""
        return self._password.read_text()

    def url(self, database: str = DATABASE) -> str:
        """Address of a database of this cluster, password included."""
        return f"postgresql://{USER}:{self.password()}@/{database}?host={quote(str(self.sockets), safe='/')}"

    @contextmanager
    def seen_by(self, account: Account) -> Iterator["Seen"]:
        """The same paths for a program of another account, to which the parents may be closed.

        Root's checkout lies below /root, which no other account may enter. Nothing is opened up for it:
        the program inherits a handle of the folder and names it by that.
        """
        if account.ids is None or not Path("/proc/self/fd").exists():
            yield Seen(self.folder, self.sockets, ())
            return
        handles = [os.open(path, os.O_PATH | os.O_DIRECTORY) for path in (self.folder, self.sockets)]
        try:
            folder, sockets = (Path(f"/proc/self/fd/{handle}") for handle in handles)
            yield Seen(folder, sockets, tuple(handles))
        finally:
            for handle in handles:
                os.close(handle)

    def _socket_folder(self) -> Path:
        path = str(self.folder)
        if len(os.fsencode(f"{path}/{_SOCKET}")) <= _SOCKET_PATH_LIMIT and "," not in path:
            return self.folder
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
        return Path(f"/tmp/tickets-{os.geteuid()}-{name}")  # noqa: S108 - entered by its owner only, checked below


class Seen(NamedTuple):
    """Folders of a cluster as one program sees them; `handles` must be passed on to it."""

    folder: Path
    sockets: Path
    handles: tuple[int, ...]
