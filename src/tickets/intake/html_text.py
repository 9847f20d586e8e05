"""HTML of a mail: made harmless to keep, and read as plain text."""

import re
from html import unescape

import nh3
from inscriptis import get_text  # type: ignore[import-untyped]  # ships no types
from lxml.etree import LxmlError  # type: ignore[import-untyped]  # ships no types

from tickets.intake.text import HTML_LIMIT, TEXT_LIMIT, block

_URL_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_DEEP = re.compile(r"<(?:table|div|blockquote|span|ul|ol|font|b|i|p)\b", re.IGNORECASE)
_DEEP_LIMIT = 20_000
_TAGS = re.compile(r"<[^<>]*>")


def clean_html(html: str) -> str | None:
    """`html` with only harmless elements, links and `cid:` images; None beyond `HTML_LIMIT` characters.

    Remote images stay as links for the reader's client to decide; nothing is ever fetched here.
    """
    if len(html) > HTML_LIMIT:
        return None
    return block(nh3.clean(html.replace("\0", ""), url_schemes=_URL_SCHEMES), HTML_LIMIT)


def text_of_html(html: str) -> str:
    """The text a reader sees. HTML too large or too deep for a layout only loses its tags."""
    html = block(html, HTML_LIMIT)
    if len(_DEEP.findall(html)) > _DEEP_LIMIT:
        return _bare(html)
    try:
        return _tidy(get_text(nh3.clean(html, url_schemes=_URL_SCHEMES)))
    except (LxmlError, RecursionError, ValueError, IndexError, AttributeError):
        return _bare(html)


def _bare(html: str) -> str:
    return _tidy(unescape(_TAGS.sub(" ", html)))


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.replace("\xa0", " ").splitlines())
    return block(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)), TEXT_LIMIT)
