"""Replies by messenger: what all providers have in common. A row's destination is `account/user`."""

import base64
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol
from uuid import UUID

import httpx
import msgspec
from msgspec import Raw, Struct

from tickets.adapters.gated_http import GatedHttp, retry_after
from tickets.adapters.webhook_address import Forbidden
from tickets.application.answers.by_message import FILE
from tickets.application.outbox.deliver import Outcome
from tickets.intake import MessageAccount

MOST = 65_536
"""Bytes of an answer that are read."""

WORDS = 200
"""Bytes of one that are quoted."""

TOO_MANY = 429
_parts = msgspec.json.Decoder(list[Raw]).decode
_fields = msgspec.json.Decoder(dict[str, object]).decode


class Answer(Struct, frozen=True):
    """What a provider answered; `tree` is its JSON, None where it is none; `said` its first words as text."""

    status: int
    tree: object = None
    wait: timedelta | None = None
    said: str = ""

    @property
    def passing(self) -> bool:
        """Whether the trouble is the provider's own and may pass."""
        return self.status == TOO_MANY or self.status >= 500  # noqa: PLR2004 - RFC 9110 §15.6


class Parts(Protocol):
    """Remembers which parts of a row have left."""

    async def count(self, row: UUID) -> int:
        """How many have left."""

    async def note(self, row: UUID, part: int) -> None:
        """One has left."""


class Carrier(Protocol):
    """One provider."""

    async def carry(self, account: MessageAccount, body: bytes) -> Outcome:
        """Hand one message over, once."""


class Post:
    """Asks providers, over addresses that were judged."""

    def __init__(self, http: GatedHttp, clock: Callable[[], datetime]) -> None:
        self._http = http
        self.clock = clock

    async def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Outcome:
        """The answer, or the outcome where there is none. What is said of it never names the URL."""
        try:
            request = await self._http.request(url, body, {"content-type": "application/json", **headers})
            response = await self._http.client.send(request, stream=True)
            try:
                told = await _read(response)
            finally:
                await response.aclose()
        except Forbidden as fault:
            return Outcome.refused(str(fault))
        except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as fault:
            return Outcome.failed(f"the provider cannot be reached: {type(fault).__name__}")
        wait = retry_after(response.headers.get("retry-after"), self.clock())
        return Answer(response.status_code, _tree(told), wait, told[:WORDS].decode(errors="replace"))


async def _read(response: httpx.Response) -> bytes:
    """The answer as it travels: a few bytes may be gigabytes, unpacked. Nothing of one that is too long."""
    told = b""
    async for chunk in response.aiter_raw():
        told += chunk
        if len(told) > MOST:
            return b""
    return told


def _tree(told: bytes) -> object:
    try:
        return msgspec.json.decode(told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


class Sent(Struct, frozen=True):
    """A part as it travels: JSON, or a form with a file."""

    body: bytes
    headers: dict[str, str] = {}
    has_file: bool = False


def travelling(part: bytes) -> Sent:
    """A part with a file is a form (RFC 7578): its other fields, JSON where they are objects, and the file.

    The same in, the same bytes out: the boundary is made of the part.
    """
    fields = _fields(part)
    if (file := fields.pop(FILE, None)) is None:
        return Sent(part)
    held = msgspec.convert(file, dict[str, str])
    mark = sha256(part).hexdigest()[:32]
    lines = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        f"{value if isinstance(value, str) else msgspec.json.encode(value).decode()}\r\n"
        for name, value in fields.items()
    ]
    named = quoted(held["name"])
    told = held["media_type"]
    kind = told if told.isascii() and told.isprintable() else "application/octet-stream"
    head = f'--{mark}\r\nContent-Disposition: form-data; name="{held["field"]}"; filename="{named}"\r\n'
    lines.append(f"{head}Content-Type: {kind}\r\n\r\n")
    body = "".join(lines).encode() + base64.b64decode(held["content"]) + f"\r\n--{mark}--\r\n".encode()
    return Sent(body, {"content-type": f"multipart/form-data; boundary={mark}"}, has_file=True)


def quoted(name: str) -> str:
    """A file's name in a form, escaped as browsers do (WHATWG HTML, multipart/form-data)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


class DirectWay:
    """A way out to the users of one provider; parts leave in order, none twice that is known to have left."""

    def __init__(
        self,
        carrier: Carrier,
        account: Callable[[str], Awaitable[MessageAccount | None]],
        sent: Parts,
    ) -> None:
        self._carrier = carrier
        self._account = account
        self._sent = sent

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
        """Send what has not left yet."""
        key = destination.partition("/")[0]
        account = await self._account(key)
        if account is None:
            return Outcome.refused(f"the desk has no message account {key!r}")
        done = await self._sent.count(row)
        for place, part in enumerate(_parts(body)[done:], done):
            outcome = await self._carrier.carry(account, bytes(part))
            if outcome.kind != "sent":
                return outcome
            await self._sent.note(row, place)
        return Outcome.sent()
