"""The rest of the world's mail: carries it by real SMTP between servers of ours and people's machines."""

import asyncio
import re
import smtplib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from email.utils import make_msgid

from aiosmtpd.smtp import SMTP, Envelope, Session

Robot = Callable[[str, bytes], Coroutine[None, None, None]]
"""Somebody's mail program: hears who wrote (the envelope's sender) and what."""


class Internet:
    """Mail to a known domain goes on to its server, to a known person to their robot; all else is dropped.

    `robbed`: header fields that mail loses on the way, as gateways and careless programs make it lose them;
    without `return-path` a null sender becomes the author.
    """

    def __init__(self) -> None:
        self.port = 0
        self.doors: dict[str, int] = {}
        self.people: dict[str, Robot] = {}
        self.robbed: tuple[str, ...] = ()
        self.carried: Counter[tuple[str, str]] = Counter()
        self._robots: set[asyncio.Task[None]] = set()

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Carry it on; the answer is that of the server it is for."""
        content, sender = envelope.content, (envelope.mail_from or "").strip("<>")
        assert isinstance(content, bytes)
        (address,) = envelope.rcpt_tos
        if robot := self.people.get(address):
            answering = asyncio.create_task(robot(sender, content))
            self._robots.add(answering)
            answering.add_done_callback(self._robots.discard)
        elif door := self.doors.get(address.partition("@")[2]):
            sender = author_of(content) if "return-path" in self.robbed else sender
            await asyncio.to_thread(_hand_over, door, sender, address, self._rob(content))
        self.carried[author_of(content), address] += 1
        return "250 OK"

    async def send(self, sender: str, address: str, raw: bytes) -> None:
        """A mail of somebody who is not ours."""
        await asyncio.to_thread(_hand_over, self.port, sender, address, raw)

    async def rest(self) -> None:
        """Wait for robots that are still writing."""
        if self._robots:
            await asyncio.wait(self._robots)

    def _rob(self, content: bytes) -> bytes:
        head, _, body = content.partition(b"\r\n\r\n")
        for name in self.robbed:
            head = re.sub(rb"(?im)^" + name.encode() + rb":.*\r?\n(?:[ \t].*\r?\n)*", b"", head + b"\r\n")[
                :-2
            ]
        if "message-id" in self.robbed:
            head += b"\r\nMessage-ID: " + make_msgid(domain="gateway.example").encode()
        if "subject" in self.robbed:
            head += b"\r\nSubject: hello"
        return head + b"\r\n\r\n" + body


def author_of(content: bytes) -> str:
    """The address in From."""
    found = re.search(rb"(?im)^from:(?:.*\r\n )?.*?([^\s<>]+@[^\s<>]+)", content)
    assert found is not None, content[:500]
    return found[1].decode()


def _hand_over(port: int, sender: str, address: str, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as client:
        client.sendmail(sender, [address], raw)


@asynccontextmanager
async def internet() -> AsyncIterator[Internet]:
    """It carries mail until the block ends."""
    made = Internet()
    loop = asyncio.get_running_loop()

    def session() -> SMTP:
        return SMTP(made, hostname="mx.example", loop=loop)

    listening = await loop.create_server(session, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()
