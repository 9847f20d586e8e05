"""What a pager is given to say, stored once in its language; each service's own form is made from that."""

import msgspec
from msgspec import Struct


class Page(Struct, frozen=True):
    """A headline, what there is to know, and where to look."""

    title: str
    text: str
    url: str = ""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Page).decode


def stored(page: Page) -> bytes:
    """The bytes of its outbox row."""
    return _encode(page)


def read_page(body: bytes) -> Page:
    """A page from its outbox row. Raises `msgspec.DecodeError`."""
    return _decode(body)
