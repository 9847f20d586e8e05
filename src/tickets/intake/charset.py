"""Bytes that claim a charset become text, whatever they claim."""

import codecs
from functools import lru_cache

_ALIASES = {
    # What mail says -> the superset that is meant.
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "iso-gb2312": "gb18030",
    "x-gbk": "gb18030",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "ks_c_5601": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
}
_REFUSED = frozenset(
    {"idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape"}
)
"""Codecs of Python that are no charsets of text, or take quadratic time."""


_NAME_LIMIT = 60
"""Characters of a charset's name."""


def decode(data: bytes, charset: str = "") -> str:
    """`data` as text: as declared, else UTF-8, else as declared with U+FFFD for what does not fit.

    Nothing declared, or nothing Python knows, means UTF-8 or else Windows-1252. Never raises.
    """
    if not charset and data.isascii():
        return data.decode("ascii")
    codec = _codec(charset[:_NAME_LIMIT])
    if codec.startswith("iso2022_jp"):  # seven bits, so UTF-8 would take its escapes for text
        return data.replace(b"\x1b$B", b"\x1b$(Q").decode("iso2022_jp_2004", "replace")
    for attempt in (codec, "utf-8"):
        try:
            return data.decode(attempt).removeprefix("\ufeff")
        except ValueError:
            continue
    fallback = "cp1252" if codec == "utf-8" and charset.strip().lower() != "utf-8" else codec
    return data.decode(fallback, "replace")


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    name = charset.strip().strip("\"'").lower()
    name = _ALIASES.get(name, name)
    try:
        codec = codecs.lookup(name).name
        b"a".decode(codec, "replace")  # refuses codecs between bytes and bytes
    except (LookupError, ValueError, TypeError):
        return "utf-8"
    return "utf-8" if codec in _REFUSED else codec
