"""One e-mail as received (RFC 5322 bytes) becomes a draft, whatever is wrong with it."""

from msgspec import Struct

from tickets.domain.draft import Draft
from tickets.domain.words import Priority


class Mailbox(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address of the desk. `domain` of our Message-IDs; by default that of `address`."""

    key: str
    address: str
    name: str = ""
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    language: str | None = None
    region: str | None = None
    domain: str = ""


def read_mail(raw: bytes, mailbox: Mailbox, secret: bytes) -> Draft:
    """The draft of one mail; never raises. `secret` is the key of our Message-IDs and addresses."""
    raise NotImplementedError
