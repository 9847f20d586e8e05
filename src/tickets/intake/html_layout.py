"""Harmless HTML, as the sanitiser writes it, laid out as plain text in one pass.

Every element is closed there and every attribute quoted, so a few rules suffice: blocks begin new lines,
cells are apart, items have marks, and quotes those that mail gives them: answers among them are seen.
"""

import re
from html import unescape

DEPTH_LIMIT = 20
"""Levels of quotes that are marked."""

_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)(?:[^>"]|"[^"]*")*>|([^<]+|<)')
_SPACES = re.compile(r"[ \t\r\n\f]+")
_APART = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "dl", "table", "pre", "hr"}
)
"""Elements with an empty line around them."""
_LINES = _APART | {
    *(
        "div",
        "tr",
        "li",
        "dt",
        "dd",
        "center",
        "address",
        "article",
        "aside",
        "caption",
        "details",
        "summary",
    ),
    *("figure", "figcaption", "footer", "header", "hgroup", "nav", "section", "thead", "tbody", "tfoot"),
}
"""Elements on lines of their own."""


def lay_out(html: str) -> str:
    """The text of HTML that came out of `nh3.clean`."""
    page = _Page()
    for closing, name, text in _TOKEN.findall(html):
        if not name:
            page.write(unescape(text) if "&" in text else text)
        elif name == "br":
            page.end_line()
        elif name in {"td", "th"}:
            page.gap()
        elif name in _LINES:
            page.block(name, closed=bool(closing))
    return page.text()


class _Page:
    """Lines as they fill."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now: list[str] = []
        self.wanted = 0  # empty lines before the next text
        self.quotes = 0
        self.raw = 0  # depth of <pre>
        self.counters: list[int] = []  # -1 for a list without numbers

    def write(self, text: str) -> None:
        if self.raw:
            first, *more = text.split("\n")
            self._add(first)
            for line in more:
                self._flush()
                self._add(line)
            return
        text = _SPACES.sub(" ", text)
        if not self.now or self.now[-1].endswith((" ", "\t")):
            text = text.lstrip(" ")
        if text:
            self._add(text)

    def _add(self, text: str) -> None:
        if text and not self.now and self.wanted:
            if self.lines and self.lines[-1].strip("> "):
                self.lines.append(self._marks().rstrip())
            self.wanted = 0
        if text or self.raw:
            self.now.append(text)

    def gap(self) -> None:
        """Between two cells of a row."""
        if self.now and not self.now[-1].endswith(" "):
            self.now.append("  ")

    def end_line(self) -> None:
        """An empty line, too, is a line: people make paragraphs of them."""
        self._flush()

    def _flush(self) -> None:
        self.lines.append((self._marks() + "".join(self.now)).rstrip())
        self.now = []

    def _marks(self) -> str:
        return "> " * min(self.quotes, DEPTH_LIMIT)

    def block(self, name: str, *, closed: bool) -> None:
        if "".join(self.now).strip():
            self._flush()
        self.now = []
        self.wanted |= name in _APART and not (name in {"ul", "ol"} and len(self.counters) > 1)
        step = -1 if closed else 1
        if name == "blockquote":
            self.quotes = max(0, self.quotes + step)
        elif name == "pre":
            self.raw = max(0, self.raw + step)
        elif name in {"ul", "ol"}:
            self._list(numbered=name == "ol", closed=closed)
        elif name == "li" and not closed:
            self._item()

    def _list(self, *, numbered: bool, closed: bool) -> None:
        if not closed:
            self.counters.append(0 if numbered else -1)
        elif self.counters:
            self.counters.pop()

    def _item(self) -> None:
        indent = "  " * max(0, min(len(self.counters), DEPTH_LIMIT) - 1)
        if self.counters and self.counters[-1] >= 0:
            self.counters[-1] += 1
            self._add(f"{indent}{self.counters[-1]}. ")
        else:
            self._add(f"{indent}* ")

    def text(self) -> str:
        if self.now:
            self._flush()
        return "\n".join(self.lines)
