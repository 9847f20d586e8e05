"""Processes that are born in a moment and killed without one: forked from one that has imported all.

Each is `serve` as in production, in the roles it is given; a mortal one kills itself at a named point.
"""

import asyncio
import ctypes
import os
import select
import signal
import socket
import struct
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import msgspec

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

from tests.faults.hatchery import preload  # noqa: E402 - found by the line above
from tests.faults.mortal import Point, UnreliableOutbox, mortal  # noqa: E402
from tests.faults.told_time import ToldTime  # noqa: E402

from tickets.adapters import system  # noqa: E402
from tickets.bootstrap import Role, serve, wired  # noqa: E402
from tickets.observability.logs import configure  # noqa: E402
from tickets.settings import read_settings  # noqa: E402

_DIE_WITH_PARENT = 1  # prctl(2), PR_SET_PDEATHSIG
_PID = struct.Struct("q")


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What family there is to be: so many, one killed `every` so many seconds (0: none), `ends` at points.

    They live in the time that the file `clock` tells, else in the machine's.
    """

    url: str
    environment: Mapping[str, str]
    children: int
    every: float = 0
    ends: tuple[Point, ...] = ()
    unreliable: bool = False
    roles: tuple[Role, ...] = ("ticker", "worker")
    clock: str | None = None


NOBODY = Orders(url="", environment={}, children=0)


class Family:
    """The living and those of them at work, oldest first, and how many have died."""

    def __init__(self, orders: Orders, number: int = 0) -> None:
        self.orders = orders
        self.number = number
        self.ends = list(orders.ends)
        self.living: list[int] = []
        self.working: list[int] = []
        self.died = 0

    def fill(self, begin: int) -> None:
        """Bear as many as are missing, and say who is there; they write to `begin` who has begun to work."""
        while len(self.living) < self.orders.children:
            end = self.ends.pop(0) if self.ends else None
            with socket.create_server(("127.0.0.1", 0)) as reserved:  # no two may come upon the same port
                if (pid := os.fork()) == 0:
                    _live(self.orders, end, begin, reserved)
            self.living.append(pid)
        os.write(1, f"{self.number} {self.died} {' '.join(map(str, self.living))}\n".encode())

    def bury(self) -> None:
        """Notice who has died by themselves."""
        for pid in list(self.living):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._count(pid)

    def kill(self, pid: int) -> None:
        """What an orchestrator or the OOM killer does."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        self._count(pid)

    def end(self) -> None:
        """Kill them all."""
        for pid in list(self.living):
            self.kill(pid)

    @property
    def at_work(self) -> bool:
        """Whether more than half of them are."""
        return len(self.working) * 2 > self.orders.children

    def hear(self, begun: bytes) -> None:
        """Note who has begun to work."""
        self.working += [pid for (pid,) in _PID.iter_unpack(begun) if pid in self.living]

    def _count(self, pid: int) -> None:
        self.died += 1
        self.living.remove(pid)
        if pid in self.working:
            self.working.remove(pid)


def serve_orders() -> None:
    """One family after the other, an order a line, until standard input ends."""
    family, said, struck = Family(NOBODY), b"", time.monotonic()
    begun, begin = os.pipe()
    while True:
        ready = select.select([0, begun], [], [], 0.02)[0]
        if begun in ready:
            family.hear(os.read(begun, 1024 * _PID.size))
        if 0 in ready:
            heard = os.read(0, 65_536)
            said += heard
            if not heard:
                family.end()
                return
            while b"\n" in said:
                line, _, said = said.partition(b"\n")
                family.end()
                family = Family(msgspec.json.decode(line, type=Orders), family.number + 1)
                family.fill(begin)
            continue
        family.bury()
        if family.at_work and time.monotonic() - struck >= family.orders.every > 0:
            struck = time.monotonic()
            family.kill(family.working[0])
        if len(family.living) < family.orders.children:
            family.fill(begin)


def _live(orders: Orders, end: Point | None, begin: int, reserved: socket.socket) -> None:
    """The life of one process, at the reserved port; never returns."""
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    os.close(0)
    os.dup2(2, 1)  # what is logged is not for whoever counts births

    async def live() -> None:
        settings = read_settings({"TICKETS_PORT": str(reserved.getsockname()[1]), **orders.environment})
        now = ToldTime(Path(orders.clock)) if orders.clock else system.now
        configure(pretty=False, level="ERROR", stream=sys.stderr)
        async with wired(settings, orders.url, now=now) as app:
            if end:
                app = mortal(app, end)  # noqa: PLW2901 - the same, doomed
            if orders.unreliable:
                app = replace(app, outbox=UnreliableOutbox(app.outbox))  # noqa: PLW2901
            reserved.close()
            await serve(app, frozenset(orders.roles), lambda: os.write(begin, _PID.pack(os.getpid())))

    try:
        asyncio.run(live())
    except BaseException as fault:  # noqa: BLE001 - the only word of a process that nobody waits for
        sys.stderr.write(f"{type(fault).__name__}: {fault}\n")
    finally:
        os._exit(1)


class Nursery:
    """What the stories see of it: who lives, and how many of this family have died."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ordered = 0
        self._born = asyncio.Event()
        self.living: list[int] = []
        self.died = 0

    async def follow(self) -> None:
        """Hear of births, until the end."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            number, self.died, *self.living = map(int, line.split())
            if number == self._ordered:
                self._born.set()

    async def bear(self, orders: Orders) -> None:
        """Kill whoever lives, and bear this family instead."""
        assert self._process.stdin is not None
        self._ordered += 1
        self._born.clear()
        self._process.stdin.write(msgspec.json.encode(orders) + b"\n")
        async with asyncio.timeout(60):
            await self._born.wait()


@asynccontextmanager
async def nursery(log: Path) -> AsyncIterator[Nursery]:
    """A nursery, until the end of the block; then whoever lives is killed."""
    with log.open("ab") as complaints:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
        )
    made = Nursery(process)
    following = asyncio.create_task(made.follow())
    try:
        yield made
    finally:
        assert process.stdin is not None
        process.stdin.close()
        async with asyncio.timeout(60):
            await following
            code = await process.wait()
    assert code == 0, await asyncio.to_thread(log.read_text)


if __name__ == "__main__":
    preload()
    serve_orders()
