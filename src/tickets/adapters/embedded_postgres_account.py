"""The account PostgreSQL runs as: our own, or, since it refuses root, an existing ordinary one."""

import errno
import os
import pwd
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TypedDict

from tickets.errors import DatabaseUnavailable

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
"""All that a program of PostgreSQL gets to see of our environment."""


class _Drop(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


class Account:
    """Runs programs and owns folders as a user id; `None` is whoever we are."""

    def __init__(self, ids: tuple[int, int] | None) -> None:
        self.ids = ids
        self.drop: _Drop = {"user": ids[0], "group": ids[1], "extra_groups": []} if ids is not None else {}

    @classmethod
    def choose(cls, folder: Path) -> "Account":
        """Ourselves, unless we are root: then the owner of the folder, else `postgres`, else `nobody`.

        Raises `DatabaseUnavailable` when root finds no such account.
        """
        if os.geteuid() != 0:
            return cls(None)
        if folder.exists() and (status := folder.stat()).st_uid != 0:
            return cls((status.st_uid, status.st_gid))
        for name in ("postgres", "nobody"):
            with suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls((entry.pw_uid, entry.pw_gid))
        raise DatabaseUnavailable(
            "PostgreSQL refuses to run as root, and there is neither an account `postgres` nor `nobody`: "
            "run as an ordinary user, or give the address of a server in TICKETS_DATABASE_URL."
        )

    def own(self, path: Path) -> None:
        """Make this path the account's."""
        if self.ids is not None:
            os.chown(path, *self.ids)

    def make_folder(self, folder: Path) -> None:
        """Make a folder that only the account (and root) may enter; parents become ours, not its."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = folder.lstat()
        if folder.is_symlink() or status.st_uid not in (os.geteuid(), *(self.ids or ())[:1]):
            raise PermissionError(errno.EPERM, "it belongs to somebody else", str(folder))
        folder.chmod(0o700)
        self.own(folder)

    def may_run(self, program: Path) -> bool:
        """Whether the account can start this program where it is."""
        try:
            answer = subprocess.run(  # noqa: S603 - a path we built
                [program, "--version"],
                cwd="/",
                env=ENVIRONMENT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                **self.drop,
            )
        except OSError:
            return False
        return answer.returncode == 0
