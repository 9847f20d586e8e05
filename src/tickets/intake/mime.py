"""The tree of parts in a mail (RFC 2046), read in one pass that never fails.

Python's own `email` package raises on real mail and takes quadratic time on deep nesting. Here a part is a
slice of the mail, decoded when asked for; depth and number are bounded.
"""

import re
from collections.abc import Iterator

from msgspec import Struct

from tickets.intake.charset import decode
from tickets.intake.headers import Headers
from tickets.intake.transfer import decode_transfer

DEPTH_LIMIT = 24
"""Levels of nesting that are looked into; what is deeper stays one closed part."""
PARTS_LIMIT = 20_000
"""Parts of one multipart that are looked at; the last takes the rest."""

_MBOX_LINE = re.compile(rb"[\r\n]*(?:>?From [^\r\n]*(?:\r\n|\n|\r))?")
_LINE_REST = re.compile(rb"(--)?[ \t]*(?:\r\n|\n|\r|\Z)")
_GUESS = re.compile(rb"(?:\A|[\r\n])--([^\s]{1,200})[ \t]*[\r\n]")


class Part(Struct, frozen=True, kw_only=True):
    """One part: its header, its encoded body `raw[start:end]`, and its children if it is a multipart."""

    headers: Headers
    media_type: str
    parameters: dict[str, str]
    raw: bytes
    start: int
    end: int
    children: tuple["Part", ...] = ()

    @property
    def disposition(self) -> tuple[str, dict[str, str]]:
        """`inline`, `attachment` or nothing, and the parameters of Content-Disposition."""
        return self.headers.parameters("content-disposition")

    @property
    def file_name(self) -> str:
        """What the sender calls the file; empty when it has no name."""
        return self.disposition[1].get("filename") or self.parameters.get("name", "")

    @property
    def content(self) -> bytes:
        """The decoded bytes."""
        encoding = self.headers.plain("content-transfer-encoding")
        return decode_transfer(self.raw[self.start : self.end], encoding)

    @property
    def text(self) -> str:
        """The decoded text, by the declared charset."""
        return decode(self.content, self.parameters.get("charset", ""))

    def walk(self) -> Iterator["Part"]:
        """This part and everything below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def read_parts(raw: bytes) -> Part:
    """The whole mail as a tree; a leading mbox `From ` line and blank lines are skipped."""
    opening = _MBOX_LINE.match(raw)
    return _read(raw, opening.end() if opening else 0, len(raw), "text/plain", 0)


def _read(raw: bytes, start: int, end: int, default: str, depth: int) -> Part:
    headers, body = Headers.read(raw, start, end)
    declared, parameters = headers.parameters("content-type")
    media_type = declared if re.fullmatch(r"[\w.+-]+/[\w.+-]+", declared) else default
    if declared == "text":
        media_type = "text/plain"
    children: tuple[Part, ...] = ()
    if media_type.startswith("multipart/") and depth < DEPTH_LIMIT:
        inner = "message/rfc822" if media_type == "multipart/digest" else "text/plain"
        slices = _slices(raw, body, end, parameters.get("boundary", ""))
        children = tuple(_read(raw, begin, stop, inner, depth + 1) for begin, stop in slices)
    if media_type.startswith("multipart/") and not children:
        media_type = "text/plain" if depth < DEPTH_LIMIT else "application/octet-stream"
    return Part(
        headers=headers,
        media_type=media_type,
        parameters=parameters,
        raw=raw,
        start=body,
        end=end,
        children=children,
    )


def _slices(raw: bytes, start: int, end: int, boundary: str) -> Iterator[tuple[int, int]]:
    """The body parts between delimiter lines; a missing closing delimiter ends with the multipart."""
    mark = boundary.rstrip().encode("utf-8", "replace")
    if not mark or raw.find(b"--" + mark, start, end) < 0:
        guess = _GUESS.search(raw, start, min(end, start + 10_000))
        if not guess:
            return
        mark = guess[1]
    begin, found = -1, 0
    for stop, following, closing in _delimiters(raw, start, end, b"--" + mark):
        if begin >= 0:
            yield begin, max(begin, stop)
        begin, found = following, found + 1
        if closing:
            return
        if found == PARTS_LIMIT:
            break
    if begin >= 0:
        yield begin, end


def _delimiters(raw: bytes, start: int, end: int, mark: bytes) -> Iterator[tuple[int, int, bool]]:
    """Where the text before each delimiter line stops, where the next line begins, is it the last."""
    at = raw.find(mark, start, end)
    while at >= 0:
        line = _LINE_REST.match(raw, at + len(mark), end)
        if line and (at == start or raw[at - 1] in b"\r\n"):
            before = 2 if raw[at - 2 : at] == b"\r\n" else 1
            yield at - before, line.end(), line[1] is not None
        at = raw.find(mark, at + len(mark), end)
