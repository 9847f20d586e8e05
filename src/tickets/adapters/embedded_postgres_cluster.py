"""The programs of PostgreSQL at work: make a cluster, start its server, wait until it answers."""

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

import psycopg

from tickets.adapters.embedded_postgres_account import ENVIRONMENT, Account
from tickets.adapters.embedded_postgres_binaries import find_programs, reachable_by
from tickets.adapters.embedded_postgres_home import USER, Home
from tickets.errors import DatabaseUnavailable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LOG_LIMIT = 10_000_000  # bytes after which a start begins a new log
_RECOVERY = 600.0  # seconds a server gets to replay its log after a crash; cut short, it would begin anew
_PREDECESSOR = 60.0  # seconds what is left of a server that died may take to leave
_COMPLAINT = re.compile(
    r"\b(?:FATAL|PANIC|error): ++(?!the database system is )(.*)"
)  # not what clients were told
PATIENCE = 0.05
"""Seconds between two looks at a server that is coming or going."""


class Cluster:
    """One cluster and the server process we gave it, if any."""

    def __init__(self, home: Home, account: Account, settings: Mapping[str, str]) -> None:
        self.home = home
        self.settings = settings
        self._account = account
        self._programs = reachable_by(account, find_programs(home.data))
        self._process: subprocess.Popen[bytes] | None = None

    def make(self) -> None:
        """Make it, unless it is there. An interrupted attempt leaves nothing half made in its place."""
        if (self.home.data / "PG_VERSION").exists():
            return
        if self.home.data.exists() and any(self.home.data.iterdir()):
            raise DatabaseUnavailable(f"{self.home.data} holds something else than a PostgreSQL cluster.")
        secret = self.home.folder / "initdb.password"
        secret.unlink(missing_ok=True)
        secret.touch(0o600)
        try:
            secret.write_text(self.home.password())
            self._account.own(secret)
            self._initdb(secret)
        finally:
            secret.unlink()
        self.home.unfinished.rename(self.home.data)

    def start(self, deadline: float) -> None:
        """Start the server and wait until it answers; `deadline` is when its predecessor must have left.

        Deadlines are instants of `time.monotonic()`. Raises `DatabaseUnavailable`, saying why.
        """
        for _ in self._starting(deadline):
            time.sleep(PATIENCE)

    async def restart(self) -> None:
        """Start it once more without stopping the event loop. Raises `DatabaseUnavailable`, saying why.

        From the main thread only, since the server ends with the thread that started it.
        """
        for _ in self._starting(time.monotonic() + _PREDECESSOR):
            await asyncio.sleep(PATIENCE)

    async def death(self) -> int:
        """Sleep until the server we started is no longer there; its exit code, negative for a signal's."""
        if self._process is None:
            raise RuntimeError("no server was started")
        if not self.died:
            with suppress(OSError):  # an old kernel, or a sandbox that forbids it
                await _end_of(self._process.pid)
        while not self.died:  # noqa: ASYNC110 - nothing there tells us
            await asyncio.sleep(1)
        return self._process.returncode

    @property
    def died(self) -> bool:
        """Whether the server we started is no longer there."""
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        """Stop the server, letting nobody finish but losing nothing that was committed."""
        if self._process is None or self.died:
            return
        self._process.send_signal(signal.SIGINT)  # fast shutdown
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGQUIT)  # at once; the next start recovers
            self._process.wait(10)

    def _initdb(self, secret: Path) -> None:
        if self.home.unfinished.exists():
            subprocess.run(["/bin/rm", "-rf", self.home.unfinished], check=True)  # noqa: S603 - our own path
        with self.home.seen_by(self._account) as seen:
            answer = subprocess.run(  # noqa: S603 - paths we built
                [
                    self._programs / "initdb",
                    f"--pgdata={seen.folder / self.home.unfinished.name}",
                    f"--username={USER}",
                    f"--pwfile={seen.folder / secret.name}",
                    "--auth=scram-sha-256",
                    "--encoding=UTF8",
                    "--locale=C",  # collation of a moved folder must not depend on the machine's libc
                    "--no-instructions",
                    *(["--no-sync"] if self.settings.get("fsync") == "off" else []),
                ],
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
                pass_fds=seen.handles,
                **self._account.drop,
            )
        if answer.returncode != 0:
            reason = _reason(answer.stderr, answer.returncode)
            raise DatabaseUnavailable(f"initdb could not make {self.home.data}: {reason}.")

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        with self.home.seen_by(self._account) as seen:
            settings = {**self.settings, "unix_socket_directories": str(seen.sockets)}
            return subprocess.Popen(  # noqa: S603 - paths we built
                [
                    self._programs / "postgres",
                    "-D",
                    seen.folder / self.home.data.name,
                    *(f"--{name}={value}" for name, value in settings.items()),
                ],
                cwd="/",
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C on the terminal is for us, who then stop it in order
                preexec_fn=_end_with_parent(),  # noqa: PLW1509 - two system calls, after the change of account
                pass_fds=seen.handles,
                **self._account.drop,
            )

    def _starting(self, deadline: float) -> Iterator[None]:
        """Start the server, pausing at every `yield`, until it answers."""
        while True:
            yield from _predecessor_leaves(self.home.data, deadline)
            self.home.free_socket()
            try:
                with _open_log(self.home.log) as log:
                    before = log.tell()
                    self._process = self._spawn(log)
            except OSError as error:
                raise DatabaseUnavailable(f"PostgreSQL could not be started: {error}.") from error
            yield from self._comes_up(self._process)
            if not self.died:
                return
            said = self.home.log.read_bytes()[before:].decode(errors="replace")
            if time.monotonic() > deadline or "shared memory block" not in said:
                reason = _reason(said, self._process.returncode)
                raise DatabaseUnavailable(f"PostgreSQL did not start, see {self.home.log}: {reason}.")
            yield  # the children of a killed predecessor take a moment to notice

    def _comes_up(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Pause until it answers, or is gone."""
        deadline = time.monotonic() + _RECOVERY
        while process.poll() is None and not answers(self.home.url("postgres")):
            if time.monotonic() > deadline:
                process.send_signal(signal.SIGQUIT)
                process.wait()
            yield


def answers(url: str) -> bool:
    """Whether a server lets us into this database now. Raises `DatabaseUnavailable` when it never will."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError as refusal:
        if "password authentication failed" in str(refusal):
            raise DatabaseUnavailable(
                "The embedded PostgreSQL refuses the password in the file `password` beside its data: "
                "it was changed or made anew; put the old file back."
            ) from refusal
        return False
    return True


def _end_with_parent() -> Callable[[], None] | None:
    """What the child does before it becomes PostgreSQL: ask for SIGINT (fast shutdown) when we die."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: the child of a fork had better look up nothing
    parent = os.getpid()

    def child() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:  # died in between
            os._exit(1)

    return child


async def _end_of(child: int) -> None:
    """Sleep until this child of ours has ended, where the system can tell."""
    if sys.platform != "linux":
        return
    loop, gone, handle = asyncio.get_running_loop(), asyncio.Event(), os.pidfd_open(child)
    loop.add_reader(handle, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def _predecessor_leaves(data: Path, deadline: float) -> Iterator[None]:
    """Pause while a server that nobody owns any more is still shutting down; or its pid file misleads."""
    pid_file = data / "postmaster.pid"
    while pid_file.exists():
        try:
            pid = int(pid_file.read_text().split("\n")[0])
            os.kill(pid, 0)
        except (ValueError, ProcessLookupError, FileNotFoundError):
            return  # PostgreSQL itself knows what to do about the file of a dead server
        except PermissionError:
            pass
        if not _serves(pid, data):
            pid_file.unlink(missing_ok=True)  # the number is another program's now: PostgreSQL would refuse
            return
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"The database in {data} is still being served by process {pid}.")
        yield


def _serves(pid: int, data: Path) -> bool:
    """Whether this process is a PostgreSQL server of this folder, as far as one may look."""
    process = Path(f"/proc/{pid}")
    try:
        name = (process / "comm").read_text()
    except FileNotFoundError:
        return not process.parent.exists()  # no /proc on this system: believe the file
    if not name.startswith("postgres"):
        return False
    try:
        return (process / "cwd").readlink() == data.resolve()
    except OSError:
        return True


def _open_log(path: Path) -> IO[bytes]:
    if path.exists() and path.stat().st_size > _LOG_LIMIT:
        path.rename(path.with_suffix(".log.1"))
    return path.open("ab")


def _reason(said: str, exit_code: int) -> str:
    """The last complaint among what a program of PostgreSQL said, else the last it said outside its log."""
    plain = [line for line in said.splitlines() if line and not line[0].isdigit()]  # no instant before it
    found = _COMPLAINT.findall(said) or plain or [f"it ended with exit code {exit_code}"]
    return str(found[-1]).strip().rstrip(".")
