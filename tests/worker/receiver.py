"""An HTTP receiver that misbehaves as it is told, and remembers what came."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

from msgspec import Struct

from tickets.adapters import system


class Request(Struct, frozen=True):
    path: str
    headers: dict[str, str]
    body: bytes
    at: datetime


class Receiver:
    """`answer` is sent as it is; None never answers. `drip` sends one byte at a time, for ever."""

    def __init__(self) -> None:
        self.answer: bytes | None = b"HTTP/1.1 204 No Content\r\n\r\n"
        self.drip = False
        self.requests: list[Request] = []
        self.port = 0

    def will_say(self, status: str, *headers: str, body: bytes = b"") -> None:
        lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers, "", ""]
        self.answer = "\r\n".join(lines).encode() + body

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.requests.append(Request(first.split()[1], headers, body, system.now()))
        if self.answer is None or self.drip:
            while self.drip and not writer.is_closing():
                writer.write(b"H")
                await writer.drain()
                await asyncio.sleep(0.005)
            await reader.read()  # until the other side has had enough
        else:
            writer.write(self.answer)
            await writer.drain()


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a free port of the loopback."""
    made = Receiver()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
