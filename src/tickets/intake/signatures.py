"""The signature below a reply: after `-- ` (RFC 3676 §4.3), a phone's advertisement, a list's footer."""

import re

LINES_LIMIT = 15
"""Lines of a signature at most; what is longer is text below a ruler."""

DEVICE = re.compile(
    r"^\s*(?:sent (?:from|via) (?:my |the )?[\w .,-]{2,40}|get outlook for .{2,40}"
    r"|von meinem .{2,30} gesendet|envoyé de mon .{2,30}|enviado desde mi .{2,30}"
    r"|(?:đã )?(?:được )?gửi từ .{2,40}|skickat från min .{2,30}|inviato da(?:l mio)? .{2,30}"
    r"|enviado do meu .{2,30}|wysłane z .{2,30}|发自我的.{2,30}|發自我的.{2,30}|отправлено с .{2,30}"
    r"|tải outlook (?:cho|dành cho) .{2,40}|lấy outlook .{2,40})\s*$",
    re.IGNORECASE,
)
"""A line that mail programs and telephones add by themselves."""
_FOOTER = re.compile(r"\s*_{20,}\s*")
_LIST = re.compile(r"mailing list|listinfo|unsubscribe", re.IGNORECASE)


def split_signature(text: str) -> tuple[str, str]:
    r"""The text and its signature; the second is empty when there is none or nothing would be left."""
    lines = text.split("\n")
    start = _start(lines)
    if start is None:
        return text, ""
    above = "\n".join(lines[:start]).rstrip()
    return (above, "\n".join(lines[start:]).strip("\n")) if above.strip() else (text, "")


def _start(lines: list[str]) -> int | None:
    last = len(lines) - 1
    while last and not lines[last].strip():
        last -= 1
    first = max(0, last - LINES_LIMIT)
    for number in range(first, last):
        if lines[number].rstrip() == "--":
            return number
        if _FOOTER.fullmatch(lines[number]) and _LIST.search(" ".join(lines[number + 1 : last + 1])):
            return number
    return last if DEVICE.match(lines[last]) else None
