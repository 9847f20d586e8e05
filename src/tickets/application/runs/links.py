"""The link in every page of a run: whoever was sent it can act on the run, without a key, for a week.

A page to an address that several share has one link, which names them all: one of them says who they are.
"""

import base64
import binascii
import hmac
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec import Struct

STANDS = timedelta(days=7)
"""How long a link can be used."""

_HEAD = struct.Struct(">16s16sq")
_MAC = 16


class Invited(Struct, frozen=True):
    """Whom a link lets act on which run of which ticket, and until when."""

    ticket: UUID
    run: UUID
    recipients: tuple[str, ...]
    until: datetime


def link_token(invited: Invited, secret: bytes) -> str:
    """What proves that a page was sent: who and what, and their MAC, for a URL."""
    until = int(invited.until.timestamp())
    said = _HEAD.pack(invited.ticket.bytes, invited.run.bytes, until) + "\n".join(invited.recipients).encode()
    return base64.urlsafe_b64encode(said + _mac(said, secret)).rstrip(b"=").decode()


def read_link(token: str, secret: bytes, now: datetime) -> Invited | None:
    """Whom a token lets in; None when it was never given or no longer stands. Constant-time compare."""
    try:
        whole = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        said, mac = whole[:-_MAC], whole[-_MAC:]
        ticket, run, until = _HEAD.unpack_from(said)
        recipients = tuple(said[_HEAD.size :].decode().split("\n"))
    except (binascii.Error, ValueError, struct.error):
        return None
    if not hmac.compare_digest(_mac(said, secret), mac):
        return None
    invited = Invited(UUID(bytes=ticket), UUID(bytes=run), recipients, datetime.fromtimestamp(until, UTC))
    return invited if now <= invited.until else None


def _mac(said: bytes, secret: bytes) -> bytes:
    return hmac.digest(secret, b"run\0" + said, "sha256")[:_MAC]
