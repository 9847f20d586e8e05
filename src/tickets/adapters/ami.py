"""A small client of Asterisk's manager interface: log in, hear events, notice silence."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from tickets.intake.ami_messages import MESSAGE_LIMIT, Message, is_old, login_key, read_message, write_message

PATIENCE = timedelta(seconds=10)
"""How long a manager may take to answer."""

ALIVE = timedelta(seconds=15)
"""Silence after which it is asked whether it is still there."""


class Refused(Exception):  # noqa: N818 - a condition, not a bug
    """The manager did not let us in, or is none. `str()` says why."""


class Connection:
    """One connection that is logged in. Its events are to be read by one reader only."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._heard: list[Message] = []
        self.old = False

    async def log_in(self, username: str, secret: str) -> None:
        """By challenge; in plain words only where the manager knows no challenge. Raises `Refused`."""
        greeting = (await self._reader.readline()).decode("utf-8", "replace").strip()
        if "Call Manager" not in greeting:
            raise Refused(f"it greets with {greeting[:80]!r}; is this the manager's port?")
        self.old = is_old(greeting)
        said = await self.ask(Action="Challenge", AuthType="MD5")
        proof = {"Secret": secret}
        if challenge := said.get("challenge"):
            proof = {"AuthType": "MD5", "Key": login_key(challenge, secret)}
        answer = await self.ask(Action="Login", Username=username, **proof, Events="call,agent,cdr,cel")
        if answer.get("response", "").lower() != "success":
            raise Refused(answer.get("message") or "login refused")

    async def ask(self, **action: str) -> Message:
        """Send an action and wait for its answer; events that come meanwhile are kept for `events`."""
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await self.send(**action)
            while True:
                message = await self._read()
                if "response" in message:
                    return message
                self._heard.append(message)

    async def send(self, **action: str) -> None:
        """Send an action; its answer is among the events."""
        self._writer.write(write_message(**action))
        await self._writer.drain()

    async def events(self) -> AsyncIterator[Message]:
        """Every message from now on. Raises `OSError` or `TimeoutError` when the manager is gone or mute."""
        while True:
            while self._heard:
                yield self._heard.pop(0)
            try:
                async with asyncio.timeout(ALIVE.total_seconds()):
                    block = await self._block()
            except TimeoutError:
                async with asyncio.timeout(PATIENCE.total_seconds()):
                    await self.send(Action="Ping")
                    block = await self._block()
            yield read_message(block)

    async def _read(self) -> Message:
        return read_message(await self._block())

    async def _block(self) -> bytes:
        try:
            return await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as gone:
            raise ConnectionResetError("the manager hung up") from gone
        except asyncio.LimitOverrunError as flood:
            raise ConnectionError(f"a message of more than {MESSAGE_LIMIT} bytes") from flood


@asynccontextmanager
async def connected(host: str, port: int, username: str, secret: str) -> AsyncIterator[Connection]:
    """A manager that let us in. Raises `OSError`, `TimeoutError`, or `Refused`."""
    async with asyncio.timeout(PATIENCE.total_seconds()):
        reader, writer = await asyncio.open_connection(host, port, limit=MESSAGE_LIMIT)
    try:
        manager = Connection(reader, writer)
        async with asyncio.timeout(PATIENCE.total_seconds()):
            await manager.log_in(username, secret)
        yield manager
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
