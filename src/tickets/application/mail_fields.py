"""Fields of a mail's head (RFC 5322), folded by hand.

The standard library's `EmailMessage` loses the space between encoded words (RFC 2047 §6.2) where a line
ends, in one Vietnamese subject of eight, and encodes Message-IDs longer than a line.
"""

from collections.abc import Iterable
from email.header import Header
from email.utils import quote

from tickets.intake.text import NAME_LIMIT, line


def head(fields: Iterable[tuple[str, str]]) -> bytes:
    """Fields as they are sent, before those of the content. Not in ASCII are only addresses (RFC 6532)."""
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()


def mailbox(name: str, address: str) -> str:
    """An address with the name before it, if there is one."""
    name = line(name, NAME_LIMIT)
    if not name:
        return address
    return f'"{quote(name)}" <{address}>' if name.isascii() else f"{words(name)}\r\n <{address}>"


def words(text: str) -> str:
    """One line of text, as encoded words (RFC 2047) where it has to be."""
    if text.isascii() and text.isprintable():
        return text
    return Header(text, "utf-8", maxlinelen=70, header_name="Subject").encode(linesep="\r\n")
