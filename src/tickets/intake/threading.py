"""Our own keys in mail: a Message-ID and a reply address that prove which ticket an answer belongs to.

Both carry a MAC (HMAC-SHA-256, its first 100 bits in base 32) over what they name, so knowing or guessing a
ticket's id is not enough to reach it. Everything is lower case, because some mail servers make it so. The
Message-ID of a notice to our own people proves another thing than that of a letter to a customer.
"""

import base64
import hmac
import re
from typing import Literal
from uuid import UUID

Use = Literal["message", "notice"]
"""What a Message-ID of ours stands on: a letter to a customer, or a notice to our own people."""

_MESSAGE_ID = re.compile(r"([0-9a-f-]{36})\.([0-9a-f-]{36})\.([a-z2-7]{20})@")
_ADDRESS = re.compile(r"[^@]*\+([0-9a-f]{32})\.([a-z2-7]{20})@")


def message_id(ticket: UUID, message: UUID, domain: str, secret: bytes, use: Use = "message") -> str:
    """`<ticket.message.mac@domain>` for a mail of ours."""
    return f"<{ticket}.{message}.{_mac(use, ticket, message, secret)}@{domain}>"


def named_by_message_id(text: str, secret: bytes, use: Use = "message") -> tuple[UUID, UUID] | None:
    """Ticket and message a Message-ID (with or without brackets) proves, or None. Constant-time compare."""
    match = _MESSAGE_ID.match(text.strip().removeprefix("<").lower())
    if not match:
        return None
    ticket, message = _uuid(match[1]), _uuid(match[2])
    if ticket is None or message is None:
        return None
    return (ticket, message) if hmac.compare_digest(_mac(use, ticket, message, secret), match[3]) else None


def ticket_of_message_id(text: str, secret: bytes) -> UUID | None:
    """The ticket a Message-ID proves, or None."""
    named = named_by_message_id(text, secret)
    return named[0] if named else None


def reply_address(ticket: UUID, address: str, secret: bytes) -> str:
    """`local+ticket.mac@domain`: answers to it reach the ticket even when clients drop `References`.

    The local part stays within the 64 octets of RFC 5321 as long as that of `address` has at most 10; mail
    servers in use take more.
    """
    local, _, domain = address.rpartition("@")
    return f"{local}+{ticket.hex}.{_mac('address', ticket, None, secret)}@{domain}"


def ticket_of_address(address: str, secret: bytes) -> UUID | None:
    """The ticket a keyed address proves, or None. Constant-time compare."""
    match = _ADDRESS.match(address.strip().lower())
    if not match:
        return None
    ticket = UUID(match[1])
    return ticket if hmac.compare_digest(_mac("address", ticket, None, secret), match[2]) else None


def _mac(use: str, ticket: UUID, message: UUID | None, secret: bytes) -> str:
    named = use.encode() + b"\0" + ticket.bytes + (message.bytes if message else b"")
    return base64.b32encode(hmac.digest(secret, named, "sha256")[:15])[:20].decode().lower()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
