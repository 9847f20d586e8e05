"""Address lists in mail headers (RFC 5322 §3.4), as they come: groups, comments, quotes that never close."""

import re

from msgspec import Struct

from tickets.intake.headers import decode_words
from tickets.intake.text import ADDRESS_LIMIT, NAME_LIMIT, line

ADDRESSES_LIMIT = 500
"""Addresses read from one header."""

_ADDRESS = re.compile(r"""[^\s<>()\[\]",;:\\@]+(?:"[^"\s]*")?@[^\s<>()",;:\\@'`]+""")
_TOKEN = re.compile(
    r"""(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<comment>\([^()]*\))|(?P<angle><[^<>]*>)|(?P<end>[,;])|(?P<plain>[^"(<,;]+|.)""",
    re.DOTALL,
)


class Address(Struct, frozen=True):
    """A display name (may be empty) and an address in lower case."""

    name: str
    address: str


def normal_address(text: str) -> str | None:
    """The one e-mail address that is all of `text`, in lower case, or None."""
    text = text.strip().lower()
    local, _, domain = text.rpartition("@")
    plausible = _ADDRESS.fullmatch(text) and "." not in {local[:1], domain[:1], domain[-1:]}
    if not plausible or len(text) > ADDRESS_LIMIT or not text.isprintable():
        return None
    return text


def read_addresses(value: str) -> tuple[Address, ...]:
    """Every usable address of a header value, in order; what is none is left out."""
    found: list[Address] = []
    for entry in _entries(value):
        if address := _address(entry):
            found.append(address)
        if len(found) == ADDRESSES_LIMIT:
            break
    return tuple(found)


def _entries(value: str) -> list[list[tuple[str, str]]]:
    """The tokens of every list entry; a group's name counts as part of its first member's name."""
    entries: list[list[tuple[str, str]]] = [[]]
    for token in _TOKEN.finditer(value):
        kind = token.lastgroup or "plain"
        if kind == "end":
            entries.append([])
        else:
            entries[-1].append((kind, token[0]))
    return entries


def _address(tokens: list[tuple[str, str]]) -> Address | None:
    outside = "".join(text if kind != "comment" else " " for kind, text in tokens if kind != "angle")
    comments = " ".join(text[1:-1] for kind, text in tokens if kind == "comment")
    for kind, text in reversed(tokens):
        if kind == "angle" and (address := normal_address(_inner(text))):
            return Address(_name(outside) or _name(comments), address)
    for match in _ADDRESS.finditer(outside):
        if address := normal_address(match[0].strip("'`<>.")):
            name = _name(outside.replace(match[0], " "))
            return Address(name or _name(comments), address)
    return None


def _inner(angle: str) -> str:
    inner = re.sub(r"\s", "", angle[1:-1]).strip("'\"<>").removeprefix("mailto:")
    return decode_words(inner) if "=?" in inner else inner


def _name(text: str) -> str:
    _, colon, member = text.partition(":")
    text = (member if colon and '"' not in text else text).strip()
    if text[:1] == text[-1:] == '"' and len(text) > 1:
        text = re.sub(r"\\(.)", r"\1", text[1:-1])
    return line(decode_words(text), NAME_LIMIT).strip(" '\"<>,;")
