"""The HTTP server of a process: answers until the process is asked to stop, or loses what it stands on."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import uvicorn
from litestar.types import ASGIApp

from tickets.errors import CannotStart

KEEP_ALIVE = 75
"""Seconds an idle connection stays open, longer than the 60 of common load balancers: where we close first, a
request may be sent into a connection that is just closing, and nobody answers it."""

Keep = Callable[[], Coroutine[None, None, None]]
"""Keeps what we stand on alive: returns when that is not our affair, raises when it cannot."""


async def nothing_to_keep() -> None:
    """Leave the database to whoever runs it."""


async def serve_http(
    app: ASGIApp, host: str, port: int, announce: Callable[[], object], keep: Keep = nothing_to_keep
) -> None:
    """Answer until asked to stop; then requests under way get five seconds.

    `announce` is called as soon as we answer. What `keep` raises stops us in the same order, and is raised
    then. Raises `CannotStart` when the port is taken.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=KEEP_ALIVE,
    )
    server = _Server(config, announce)
    with _listening(host, port) as listening:
        async with _kept(keep, server.leave):
            await server.serve([listening])


class _Server(uvicorn.Server):
    """Says when it answers, and takes being asked to stop for no more than that.

    uvicorn would raise the signal again afterwards, and end in an error what ended well.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], object]) -> None:
        super().__init__(config)
        self.announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer."""
        await super().startup(sockets)
        self.announce()

    def leave(self) -> None:
        """Stop as if asked to."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop when asked to, by Ctrl-C or an orchestrator."""
        loop = asyncio.get_running_loop()
        asked = (signal.SIGTERM, signal.SIGINT)
        for each in asked:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in asked:
                loop.remove_signal_handler(each)


@asynccontextmanager
async def _kept(keep: Keep, leave: Callable[[], object]) -> AsyncIterator[None]:
    """Keep for the time of the block; what goes wrong asks the block to leave, and is raised after it."""

    async def kept() -> None:
        try:
            await keep()
        except Exception:
            leave()
            raise

    keeping = asyncio.create_task(kept())
    try:
        yield
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    """Our place on the network. Raises `CannotStart` when somebody else has it."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as taken:
        why = str(taken.strerror).partition(" (while")[0]  # Python adds the address, which we name ourselves
        raise CannotStart(
            f"Port {port} of {host} cannot be used: {why}; set TICKETS_PORT or TICKETS_HOST."
        ) from taken
    with listening:
        yield listening
