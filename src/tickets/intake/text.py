"""Text as the database can hold it: no NUL, no half characters, no unlimited length."""

import re

SUBJECT_LIMIT = 500
"""Characters of a subject; what is longer is cut."""
NAME_LIMIT = 200
"""Characters of a person's or a file's name."""
TEXT_LIMIT = 200_000
"""Characters of a message's plain text; the raw envelope keeps the rest."""
HTML_LIMIT = 1_000_000
"""Characters of a message's HTML; longer HTML is not kept, its text is."""
ID_LIMIT = 255
"""Characters of an external id or reference: they are indexed."""
ADDRESS_LIMIT = 254
"""Characters of an e-mail address (RFC 5321 §4.5.3.1.3, less the angle brackets)."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def block(text: str, limit: int = TEXT_LIMIT) -> str:
    r"""`text` with `\n` line ends, without NUL and lone surrogates, at most `limit` characters."""
    text = text[: limit * 2].replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return _without_halves(text)[:limit].strip()


def line(text: str, limit: int = SUBJECT_LIMIT) -> str:
    """`text` on one line: runs of white space and control characters become one space."""
    text = text[: limit * 4]
    if not text.isprintable():
        text = _without_halves(_CONTROLS.sub(" ", text))
    return " ".join(text.split())[:limit].rstrip()


def printable(text: str) -> str:
    """One line of what can be seen: what a notice can carry, whoever wrote it."""
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(text.split())


def storable(reason: str) -> str:
    """What the other side said, as PostgreSQL can keep it: a few lines at most, no NUL, valid Unicode."""
    return reason[:1_000].encode("utf-8", "replace").decode().replace("\0", "")


def _without_halves(text: str) -> str:
    """No lone surrogate. That there is none is seen soonest by encoding."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text
