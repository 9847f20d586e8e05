"""Fields of a mail's head (RFC 5322), folded by hand.

The standard library's `EmailMessage` loses the space between encoded words (RFC 2047 §6.2) where a line
ends, in one Vietnamese subject of eight, encodes Message-IDs longer than a line, and takes milliseconds where
breaches page by the thousand.
"""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from email.utils import quote

from tickets.intake.text import NAME_LIMIT, line

_WORD = 39
"""Bytes of text in an encoded word: with its marks, and the longest name it follows, no line is over 76."""
_INSIDE = range(0x80, 0xC0)
"""Bytes of UTF-8 that begin no character."""


def head(fields: Iterable[tuple[str, str]]) -> bytes:
    """Fields as they are sent, before those of the content. Not in ASCII are only addresses (RFC 6532)."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()


def mailbox(name: str, address: str) -> str:
    """An address with the name before it, if there is one."""
    name = line(name, NAME_LIMIT)
    if not name:
        return address
    return f'"{quote(name)}" <{address}>' if _is_plain(name) else f"{words(name)}\r\n <{address}>"


def words(text: str) -> str:
    """One line of text, as encoded words where it has to be; each has whole characters (RFC 2047 §5)."""
    if _is_plain(text):
        return text
    return "\r\n ".join(f"=?utf-8?b?{b64encode(part).decode()}?=" for part in _parts(text.encode()))


def _is_plain(text: str) -> bool:
    """Whether it stands for itself; what looks like an encoded word would be read as one."""
    return text.isascii() and text.isprintable() and "=?" not in text


def _parts(text: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(text):
        end = start + _WORD
        while end < len(text) and text[end] in _INSIDE:
            end -= 1
        yield text[start:end]
        start = end
