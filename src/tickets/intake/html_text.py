"""HTML of a mail: made harmless to keep, and read as plain text."""

import re
from collections import Counter
from html import unescape

import nh3

from tickets.intake.html_layout import lay_out
from tickets.intake.text import HTML_LIMIT, TEXT_LIMIT, block

DEPTH_LIMIT = 4_000
"""Open elements at once beyond which HTML is not laid out: sanitising takes quadratic time in depth."""
TAGS_LIMIT = 60_000
"""Opening tags beyond which HTML is not laid out."""

_URL_SCHEMES = {"http", "https", "mailto", "tel", "cid"}
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_SHALLOW = frozenset(
    (
        "p",
        "li",
        "td",
        "th",
        "tr",
        "dt",
        "dd",
        "option",
        "br",
        "img",
        "hr",
        "input",
        "meta",
        "link",
        "col",
        "wbr",
    )
)
"""Elements that close themselves or each other."""
_MARKUP = re.compile(r"<[^<>]*>")


def clean_html(html: str) -> str | None:
    """`html` with only harmless elements, links and `cid:` images; None when too large or too deep.

    Remote images stay as links for the reader's client to decide; nothing is ever fetched here.
    """
    if len(html) > HTML_LIMIT or _is_excessive(html):
        return None
    cleaned = nh3.clean(block(html, HTML_LIMIT), url_schemes=_URL_SCHEMES)
    return cleaned if len(cleaned) <= HTML_LIMIT else None  # never cut: half a tag is not harmless


def text_of_html(html: str, cleaned: str | None = None) -> str:
    """The text a reader sees. HTML too large or too deep for a layout only loses its tags.

    `cleaned` is what `clean_html` made of it, if that has been done.
    """
    if cleaned is None:
        html = block(html, HTML_LIMIT)
        if _is_excessive(html):
            return _tidy(unescape(_MARKUP.sub(" ", html)))
        cleaned = nh3.clean(html, url_schemes=_URL_SCHEMES)
    return _tidy(lay_out(cleaned))


def _is_excessive(html: str) -> bool:
    """Counts by name, for a closing tag that matches nothing closes nothing."""
    if html.count("<") <= DEPTH_LIMIT:
        return False
    opened, depth = 0, 0
    still_open: Counter[str] = Counter()
    for tag in _TAG.finditer(html):
        name = tag[2].lower()
        opened += not tag[1]
        if name in _SHALLOW or (tag[1] and not still_open[name]):
            continue
        step = -1 if tag[1] else 1
        still_open[name] += step
        depth += step
        if depth > DEPTH_LIMIT or opened > TAGS_LIMIT:
            return True
    return opened > TAGS_LIMIT


def _tidy(text: str) -> str:
    lines = (line.rstrip() for line in text.replace("\xa0", " ").splitlines())
    return block(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)), TEXT_LIMIT)
