"""What a pager is given to say, stored once in its language; each service's own form is made from that."""

import re

import msgspec
from msgspec import Struct

_JOINTS = re.compile(
    r"""(?<=[@<])(?=[^\s\u200b])  # @channel, <!channel>, <users/all>, <http://a.example|a bank>
      | (?<=\])(?=\()             # [a bank](http://a.example)
      | (?<=:)(?=//)              # http://192.0.2.1
      | (?<=\w\.)(?=[^\W\d_])     # a.example
    """,
    re.VERBOSE,
)
_GAP = "\N{ZERO WIDTH SPACE}"


class Link(Struct, frozen=True):
    """Something to press, and where that leads."""

    label: str
    url: str


class Page(Struct, frozen=True):
    """A headline, what there is to know, where to look, and what can be done about it."""

    title: str
    text: str
    url: str = ""
    links: tuple[Link, ...] = ()


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Page).decode


def stored(page: Page) -> bytes:
    """The bytes of its outbox row."""
    return _encode(page)


def read_page(body: bytes) -> Page:
    """A page from its outbox row. Raises `msgspec.DecodeError`."""
    return _decode(body)


def harmless(words: str) -> str:
    """Words of a stranger that read the same but call nobody and lead nowhere, in any service.

    What services take for a mention or a link is cut by a space without width: escapes differ from service to
    service, and some make links of bare names though nothing is marked up.
    """
    return _JOINTS.sub(_GAP, words)
