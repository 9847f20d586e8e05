"""Mail out, through one SMTP server."""

import re
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from typing import Literal
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
from msgspec import Struct

from tickets.application.outbox.deliver import Outcome

PERMANENT = 500
"""Replies from here on say that trying again is no use (RFC 5321 §4.2.1)."""


class MailServer(Struct, frozen=True, kw_only=True):
    """A server by its URL. `tls`: from the first byte, by STARTTLS or not at all, or when it offers it."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    tls: Literal["always", "starttls", "offered"] = "offered"

    def __repr__(self) -> str:
        """Which server, without the password."""
        return f"MailServer({self.host}:{self.port})"


_SCHEMES: dict[str, tuple[int, Literal["always", "starttls", "offered"]]] = {
    "smtp": (25, "offered"),
    "smtp+starttls": (587, "starttls"),
    "smtps": (465, "always"),
}


def mail_server(url: str) -> MailServer:
    """Read `smtp://`, `smtp+starttls://` or `smtps://user:password@host:port`. Raises `ValueError`."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise ValueError("an SMTP server is smtp://, smtp+starttls:// or smtps:// and a host")
    port, tls = _SCHEMES[parts.scheme]
    return MailServer(
        host=parts.hostname,
        port=parts.port or port,
        user=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        tls=tls,
    )


class Mail:
    """The way `email`: a row's destination is an address, its bytes a whole message (RFC 5322).

    `sender` is the envelope's, where bounces go, unless the bytes begin with a `Return-Path` of their own,
    which is not sent on (RFC 5321 §4.4); a display name is left off.
    """

    def __init__(self, server: MailServer, sender: str, timeout: timedelta = timedelta(seconds=20)) -> None:
        self._server = server
        self._sender = parseaddr(sender)[1]
        self._timeout = timeout.total_seconds()

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - it is in the bytes
        """Hand the message to the server. Refusing this mail is final; any trouble with the server is not."""
        if not destination.isascii() or not destination.isprintable() or " " in destination:
            return Outcome.refused(f"{destination!r} is no address SMTP can carry")
        sender, body = _own_return_path(body, self._sender)
        client = self._client()
        try:
            await client.connect()
            outcome = await _hand_over(client, sender, destination, body)
            with suppress(aiosmtplib.SMTPException, OSError):  # it has decided, whatever it says now
                await client.quit()
        except (aiosmtplib.SMTPException, OSError) as fault:
            return Outcome.failed(f"{type(fault).__name__}: {fault}")
        else:
            return outcome
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        server = self._server
        return aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.user,
            password=server.password,
            timeout=self._timeout,
            use_tls=server.tls == "always",
            start_tls={"always": False, "starttls": True, "offered": None}[server.tls],
        )


async def _hand_over(client: aiosmtplib.SMTP, sender: str, destination: str, body: bytes) -> Outcome:
    try:
        await client.sendmail(sender, [destination], body)
    except aiosmtplib.SMTPRecipientsRefused as refusal:
        return _refusal(refusal.recipients[0])
    except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as refusal:
        return _refusal(refusal)
    return Outcome.sent()


def _own_return_path(body: bytes, otherwise: str) -> tuple[str, bytes]:
    """The envelope's sender (empty: none) and the bytes to send."""
    first, _, rest = body.partition(b"\r\n")
    found = re.fullmatch(rb"Return-Path: <([^<>\s]*)>", first)
    return (found[1].decode("ascii", "replace"), rest) if found else (otherwise, body)


class NoMail:
    """The way `email` of an installation that was given no server: says so, where it is seen (law 15)."""

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a Way like others
        """Refuse."""
        return Outcome.refused("no mail server is configured (TICKETS_SMTP_URL)")


def _refusal(refusal: aiosmtplib.SMTPResponseException) -> Outcome:
    reason = f"{refusal.code} {refusal.message}"
    return Outcome.refused(reason) if refusal.code >= PERMANENT else Outcome.failed(reason, answered=True)
