"""Mail in by LMTP (RFC 2033), or SMTP from a server that knows no other.

What was answered 250 is committed; whatever else happens, the sender still has the mail and comes again. LMTP
has an answer for each recipient, SMTP one for all: the first that is not 250.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from tickets.application.arrivals.take_mail import Counted, TakeMail

TAKEN = "250 2.0.0 OK, committed"
NOBODY = "550 5.1.1 no mailbox has this address"
LATER = "451 4.3.0 cannot be kept just now, try again"
_PATIENCE = 5.0
"""Seconds that mail under way may take when the server is to end."""

_log = structlog.get_logger("tickets.lmtp")


class LmtpServer:
    """Listens at `host:port` or at the path of a Unix socket. `largest` mail in bytes."""

    def __init__(self, take: TakeMail, largest: int, counted: Counted) -> None:
        self.take = take
        self.largest = largest
        self.counted = counted
        self._under_way: set[asyncio.Task[list[str]]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, listen: str) -> str:
        """Listen; where. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        if "/" in listen:
            await asyncio.to_thread(Path(listen).unlink, missing_ok=True)  # left by a process that was killed
            self._server = await loop.create_unix_server(self._session, listen)
            return listen
        host, _, port = listen.rpartition(":")
        self._server = await loop.create_server(self._session, host.strip("[]"), int(port))
        found: tuple[str, int] = self._server.sockets[0].getsockname()
        return f"{found[0]}:{found[1]}"

    async def close(self) -> None:
        """Listen no more, and let what is under way come to its end."""
        if self._server is not None:
            self._server.close()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_PATIENCE)

    def _session(self) -> SMTP:
        loop = asyncio.get_running_loop()
        return _Session(
            self, data_size_limit=self.largest, hostname="tickets", ident="tickets", loop=loop, timeout=300
        )

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Say at once where nobody lives."""
        try:
            mailbox = await self.take.mailbox_of(address)
        except self.take.outages:
            self.counted("lmtp", "deferred")
            return LATER
        if mailbox is None:
            self.counted("lmtp", "refused")
            return NOBODY
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take it for every recipient; only then answer."""
        delivering = asyncio.create_task(self._deliver_all(envelope))
        self._under_way.add(delivering)
        delivering.add_done_callback(self._under_way.discard)
        replies = await asyncio.shield(delivering)  # a client that hangs up does not end it
        return server.answer(replies) if isinstance(server, _Session) else replies[0]

    async def _deliver_all(self, envelope: Envelope) -> list[str]:
        return [await self._deliver(address, envelope) for address in envelope.rcpt_tos]

    async def _deliver(self, address: str, envelope: Envelope) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = (envelope.mail_from or "").strip("<>")
        trace = f"Return-Path: <{sender}>\r\nDelivered-To: {address}\r\n".encode("utf-8", "replace")
        try:
            mailbox = await self.take.mailbox_of(address)
            if mailbox is None:  # retired while it came
                return NOBODY
            await self.take(mailbox.key, trace + content)
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender must keep the mail
            _log.warning("deferred", error=f"{type(error).__name__}: {error}")
            self.counted("lmtp", "deferred")
            return LATER
        self.counted("lmtp", "taken")
        return TAKEN

    async def handle_exception(self, error: Exception) -> str:
        """Never 5xx for a fault of ours."""
        _log.error("failed", error=f"{type(error).__name__}: {error}")
        return LATER


class _Session(SMTP):
    """One connection. Lines may be long: real mail has them, and refusing it would lose it."""

    line_length_limit = 2**20

    def __init__(self, server: LmtpServer, **options: object) -> None:
        super().__init__(server, **options)  # type: ignore[arg-type]
        self._speaks_lmtp = False
        self._owed = 0

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, hostname: str) -> None:  # noqa: N802 - aiosmtpd's names
        """Greet; from here on every recipient has an answer of its own."""
        self._speaks_lmtp = True
        await super().smtp_EHLO(hostname)

    async def smtp_EHLO(self, hostname: str) -> None:  # noqa: N802
        """Greet an SMTP client."""
        self._speaks_lmtp = False
        await super().smtp_EHLO(hostname)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        """Read a mail. What aiosmtpd refuses itself (too large) it answers once; LMTP wants one for each."""
        self._owed = len(self.envelope.rcpt_tos) if self._speaks_lmtp and self.envelope and not arg else 0
        await super().smtp_DATA(arg)
        self._owed = 0

    def answer(self, replies: Sequence[str]) -> str:
        """One reply for each recipient, or the one that stands for all."""
        self._owed = 0
        if self._speaks_lmtp:
            return "\r\n".join(replies)
        return next((reply for reply in replies if not reply.startswith("250")), TAKEN)

    async def push(self, status: str | bytes) -> None:
        """Say it, as often as it is owed."""
        text = status if isinstance(status, str) else status.decode("ascii", "replace")
        if self._owed and not text.startswith("354"):
            text, self._owed = "\r\n".join([text] * self._owed), 0
        await super().push(text)
