"""Outlook's `winmail.dat` (TNEF, MS-OXTNEF): the files in it, and its text. Never raises.

A stream of attributes, two kinds of which hold MAPI properties. Whatever is cut short gives what came before.
"""

import struct
from collections.abc import Iterator

from msgspec import Struct

from tickets.domain.draft import Attachment
from tickets.intake.charset import decode
from tickets.intake.rtf import unpacked_rtf
from tickets.intake.text import NAME_LIMIT, line

MEDIA_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
FILES_LIMIT = 500
DEPTH_LIMIT = 4
"""Messages within messages that are looked into; a deeper one stays closed."""

_SIGNATURE = struct.pack("<I", 0x223E9F78)
_HEAD = 6
"""Bytes of the signature and a key nobody needs."""
_NEW_FILE, _TITLE, _DATA, _FILE_PROPERTIES = 0x069002, 0x018010, 0x06800F, 0x069005
_BODY, _PROPERTIES, _CODE_PAGE = 0x02800C, 0x069003, 0x069007
_TEXT, _HTML, _RTF, _HTML_CODE_PAGE = 0x1000, 0x1013, 0x1009, 0x3FDE
_LONG_NAME, _NAME, _SHOWN_NAME, _KIND, _CONTENT_ID, _OBJECT = 0x3707, 0x3704, 0x3001, 0x370E, 0x3712, 0x3701
_MANY = 0x1000
_SIZES = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Bytes of a property's value by its type, padded; the other types say their length."""
_STRING8, _UNICODE, _EMBEDDED = 0x1E, 0x1F, 0xD
_NAMED = 0x8000

Properties = dict[int, tuple[int, bytes]]
"""By id: type and value; of several values the first."""


class Tnef(Struct, frozen=True):
    """What was in it: the text in as many ways as it was said, and the files."""

    plain: str
    html: str
    rtf: bytes
    files: tuple[Attachment, ...]

    @property
    def texts(self) -> tuple[Attachment, ...]:
        """The text as a file, where there is no better place for it."""
        ways = (
            ("html", "text/html", self.html.encode("utf-8", "replace")),
            ("txt", "text/plain", self.plain.encode("utf-8", "replace")),
            ("rtf", "application/rtf", self.rtf),
        )
        said = (
            Attachment(name=f"message.{end}", media_type=kind, content=text)
            for end, kind, text in ways
            if text
        )
        return tuple(said)[:1]


class _File(Struct):
    title: bytes = b""
    content: bytes = b""
    properties: Properties = {}


def read_tnef(raw: bytes, depth: int = DEPTH_LIMIT) -> Tnef | None:
    """What is in a `winmail.dat`; None when it is none, or nothing in it can be read."""
    if not raw.startswith(_SIGNATURE):
        return None
    charset, body, properties = "cp1252", b"", Properties()
    files: list[_File] = []
    for kind, data in _attributes(raw):
        if kind == _NEW_FILE:
            files.append(_File())
        elif kind == _CODE_PAGE:
            charset = _charset(data, charset)
        elif kind == _BODY:
            body = data
        elif kind == _PROPERTIES:
            properties |= _properties(data)
        elif files and kind == _TITLE:
            files[-1].title = data
        elif files and kind == _DATA:
            files[-1].content = data
        elif files and kind == _FILE_PROPERTIES:
            files[-1].properties = _properties(data)
    found = [each for file in files[:FILES_LIMIT] for each in _files(file, charset, depth)]
    plain = _text(properties.get(_TEXT), charset) or decode(body.rstrip(b"\0"), charset)
    html = _text(properties.get(_HTML), _charset(properties.get(_HTML_CODE_PAGE, (0, b""))[1], charset))
    rtf = unpacked_rtf(properties.get(_RTF, (0, b""))[1])
    return Tnef(plain, html, rtf, tuple(found)) if plain or html or rtf or found else None


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    at = _HEAD
    while at + 9 <= len(raw):
        kind, length = struct.unpack_from("<II", raw, at + 1)
        yield kind, raw[at + 9 : at + 9 + length]
        at += 9 + length + 2


def _charset(code_page: bytes, otherwise: str) -> str:
    number = int.from_bytes(code_page[:4], "little")
    return f"cp{number}" if number else otherwise


def _files(file: _File, charset: str, depth: int) -> Iterator[Attachment]:
    kind, content = file.properties.get(_OBJECT, (0, file.content))
    if kind == _EMBEDDED:
        content = content[16:]  # behind the id of its interface
        inner = read_tnef(content, depth - 1) if depth > 0 else None
        if inner is not None:
            yield from (*inner.texts, *inner.files)
            return
    if not content:
        content = file.content
    names = (_text(file.properties.get(each), charset) for each in (_LONG_NAME, _NAME, _SHOWN_NAME))
    name = next(filter(None, names), "") or decode(file.title.rstrip(b"\0"), charset)
    content_id = line(_text(file.properties.get(_CONTENT_ID), charset), NAME_LIMIT).strip("<>")
    media_type = line(_text(file.properties.get(_KIND), charset), NAME_LIMIT)
    yield Attachment(
        name=line(name, NAME_LIMIT).replace("/", "_").replace("\\", "_") or "attachment",
        media_type=media_type or "application/octet-stream",
        content=content,
        content_id=content_id or None,
    )


def _text(found: tuple[int, bytes] | None, charset: str) -> str:
    if found is None:
        return ""
    kind, value = found
    return decode(value, "utf-16-le" if kind == _UNICODE else charset).replace("\0", "")


def _properties(data: bytes) -> Properties:
    found: Properties = {}
    try:
        (count,) = struct.unpack_from("<I", data)
        at = 4
        for _ in range(count):
            kind, name = struct.unpack_from("<HH", data, at)
            at = _behind_name(data, at + 4) if name >= _NAMED else at + 4
            value, at = _value(data, at, kind)
            found.setdefault(name, (kind & ~_MANY, value))
    except struct.error:
        pass  # cut short: what came before stands
    return found


def _behind_name(data: bytes, at: int) -> int:
    (is_text,) = struct.unpack_from("<I", data, at + 16)
    if not is_text:
        return at + 24
    (length,) = struct.unpack_from("<I", data, at + 20)
    return at + 24 + _padded(length)


def _value(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    """A property's first value, and where the next property begins."""
    size = _SIZES.get(kind & ~_MANY)
    if size is not None and not kind & _MANY:
        return data[at : at + size], at + size
    (count,) = struct.unpack_from("<I", data, at)
    at += 4
    if size is not None:
        return data[at : at + size], at + size * count
    first = b""
    for number in range(min(count, len(data))):
        (length,) = struct.unpack_from("<I", data, at)
        if number == 0:
            first = data[at + 4 : at + 4 + length]
        at += 4 + _padded(length)
    return first, at


def _padded(length: int) -> int:
    return (length + 3) & ~3
