"""Commands of `tickets` that need not import what they are made of: forked from a process that has.

To import it is two seconds of work, and the stories of this folder start a hundred commands. Each is the
process it would be otherwise: its own arguments, environment, standard streams, signals and exit code.
"""

import asyncio
import ctypes
import gc
import os
import select
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

import msgspec

from tickets.adapters.gated_http import trust

_DIE_WITH_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG
_LARGEST = 1 << 17
_NEEDED = ("tickets.cli", "httpcore", "anyio._backends._asyncio", "uvicorn.protocols.http.httptools_impl")


class Order(msgspec.Struct, frozen=True):
    """A command that is to begin; standard output and standard error come with it, as descriptors."""

    arguments: tuple[str, ...]
    environment: dict[str, str]


class Birth(msgspec.Struct, frozen=True, tag=True):
    """The answer to an order."""

    pid: int


class Death(msgspec.Struct, frozen=True, tag=True):
    """Some command has ended; `code` as `subprocess` has it."""

    pid: int
    code: int


class Hatched:
    """A command that runs or has run, as `asyncio.subprocess.Process` is one; its output is kept in files."""

    def __init__(self, pid: int, out: IO[bytes], err: IO[bytes]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._files = (out, err)
        self._over: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()

    def send_signal(self, how: signal.Signals) -> None:
        """Send it, if it lives."""
        if self.returncode is None:
            os.kill(self.pid, how)

    async def communicate(self) -> tuple[bytes, bytes]:
        """Wait for its end; what it printed, and what it complained of."""
        return await asyncio.shield(self._over)

    def end(self, code: int) -> None:
        """It has ended."""
        self.returncode = code
        self._over.set_result((_all(self._files[0]), _all(self._files[1])))


def _all(file: IO[bytes]) -> bytes:
    with file:
        file.seek(0)
        return file.read()


class Hatchery:
    """Where commands come from. Its process begins with the first of them."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._awaited: deque[asyncio.Future[int]] = deque()
        self._living: dict[int, Hatched] = {}
        self._early: dict[int, int] = {}

    async def hatch(self, arguments: Sequence[str], environment: Mapping[str, str]) -> Hatched:
        """A command, just begun."""
        wire = self._socket or self._open()
        out, err = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - closed when it has ended
        born: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._awaited.append(born)
        order = msgspec.json.encode(Order(tuple(arguments), dict(environment)))
        socket.send_fds(wire, [order], [out.fileno(), err.fileno()])
        async with asyncio.timeout(60):
            pid = await born
        made = self._living[pid] = Hatched(pid, out, err)
        if pid in self._early:
            self._ended(pid, self._early.pop(pid))
        return made

    def close(self) -> None:
        """End the process, and whoever lives with it."""
        if self._socket is not None and self._process is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._process.wait(60)
            for one in self._living.values():
                one.end(-signal.SIGKILL)

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            command = [sys.executable, "-P", str(Path(__file__)), str(theirs.fileno())]
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._hear, ours)
        return ours

    def _hear(self, wire: socket.socket) -> None:
        match msgspec.json.decode(wire.recv(_LARGEST) or b"null", type=Birth | Death | None):
            case Birth(pid):
                self._awaited.popleft().set_result(pid)
            case Death(pid, code):
                self._ended(pid, code)
            case None:
                asyncio.get_running_loop().remove_reader(wire)

    def _ended(self, pid: int, code: int) -> None:
        if (one := self._living.pop(pid, None)) is None:
            self._early[pid] = code
        else:
            one.end(code)


@asynccontextmanager
async def hatchery() -> AsyncIterator[Hatchery]:
    """A hatchery, until the end of the block; then whoever lives is killed."""
    made = Hatchery()
    try:
        yield made
    finally:
        made.close()


def preload() -> None:
    """Import what a server needs, also what is left for later; whoever is forked shares it."""
    for name in (
        "tickets.cli",
        "httpcore",
        "anyio._backends._asyncio",
        "uvicorn.protocols.http.httptools_impl",
    ):
        import_module(name)
    trust()
    gc.collect()
    gc.freeze()


def brood(wire: socket.socket) -> Order | None:
    """Fork for every order and tell of every end, until nobody orders; in who was forked, their order."""
    woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    while True:
        ready, _, _ = select.select([wire.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 4096)
            _bury(wire)
        if wire.fileno() not in ready:
            continue
        said, streams, _, _ = socket.recv_fds(wire, _LARGEST, 2)
        if not said:
            return None
        order = msgspec.json.decode(said, type=Order)
        if (pid := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            _begin(order, streams)
            return order
        wire.send(msgspec.json.encode(Birth(pid)))
        for stream in streams:
            os.close(stream)


def _bury(wire: socket.socket) -> None:
    with suppress(ChildProcessError):  # there is none
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            wire.send(msgspec.json.encode(Death(ended[0], os.waitstatus_to_exitcode(ended[1]))))


def _begin(order: Order, streams: Sequence[int]) -> None:
    """Be as whoever was started for it."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for mine, given in zip((1, 2), streams, strict=True):
        os.dup2(given, mine)
        os.close(given)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = ["tickets", *order.arguments]


if __name__ == "__main__":
    preload()
    with socket.socket(fileno=int(sys.argv[1])) as theirs:
        ordered = brood(theirs)
    if ordered is not None:
        from tickets.cli import main

        main()
