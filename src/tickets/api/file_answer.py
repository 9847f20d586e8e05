"""Bytes of strangers, handed out so that no browser shows or runs them."""

import re
import unicodedata
from urllib.parse import quote

from litestar import Response

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,100}/[A-Za-z0-9!#$&^_.+-]{1,100}")
_UNKNOWN = "application/octet-stream"


def as_file(name: str, media_type: str, content: bytes) -> Response[bytes]:
    """The answer that saves it under its name, and is kept in no cache: it may be erased."""
    headers = {
        "Content-Disposition": disposition(name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, no-store",
    }
    kind = media_type if _MEDIA_TYPE.fullmatch(media_type) else _UNKNOWN
    return Response(content, media_type=kind, headers=headers)


def disposition(name: str) -> str:
    """`attachment` with a name in Unicode (RFC 6266, RFC 8187), and without accents for those who cannot."""
    bare = unicodedata.normalize("NFD", name).translate({0x0110: "D", 0x0111: "d"})
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    plain = re.sub(r"[^A-Za-z0-9 ._()+-]", "_", plain)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
