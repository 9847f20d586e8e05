"""Where a reply ends and what it quotes begins, in the languages our customers write.

Only a split that loses no sentence of the reply is made: text after or between quoted lines, a forwarded
message, or a mail that would be empty without its quote are left whole.
"""

import re
from collections.abc import Sequence

from tickets.intake.signatures import DEVICE

LINES_LIMIT = 5_000
"""Lines looked at; a longer mail is split within them or not at all."""

_WROTE = re.compile(
    r"(?:\b(?:wrote|writes|(?:schrieb|skrev|schreef)\b.{0,100}|a écrit|escribió|escreveu|ha scritto"
    r"|napisał(?:\(a\))?|написал[аи]?|написав(?:ла)?|пишет|đã viết|viết|írta|a scris|menulis"
    r"|kirjoitti|yazdı|napsal(?:\(a\))?)|写道|寫道|のメール|<\S{1,80}@\S{1,80}>\s?[:：])"
    r"[\s:：*_)-]{0,8}$",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\s*(?=[-\d在oaleidwvnlmtfs])"
    r"(?:(?:-\s)?(?:On|Am|Le|El|Em|Il|Op|Den|Dnia|W dniu|Vào|Ngày|Lúc)\b|\d{1,4}\s?[-./年]"
    r"|\d{1,2}\s\w{3,12}\.?\s\d{4}|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},\s\d|在\s?\d)",
    re.IGNORECASE,
)
_MOMENT = re.compile(r"\d{1,2}\s?[:h.]\s?\d{2}|\d{4}|@")
_HINT = re.compile(r"[0-9@]")
_PROSE = (".", ",", ";", "!", "?")
_TAIL = 170
_ATTRIBUTION_LIMIT = 400
_SEPARATOR = re.compile(
    r"^\s*-{2,}\s*(?:original (?:message|appointment)|ursprüngliche (?:nachricht|mail)|message d'origine"
    r"|mensaje original|mensagem original|messaggio originale|oorspronkelijk bericht|reply message"
    r"|原始邮件|原始郵件|元のメッセージ|원본 메시지|wiadomość oryginalna|pesan asli"
    r"|исходное сообщение|thư gốc|tin nhắn gốc|tin nhắn ban đầu|thư ban đầu)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"^\s*[*_>]{0,2}(?:from|sent|to|cc|subject|date|von|gesendet|an|betreff|datum|de|envoyé|à|objet"
    r"|enviado|para"
    r"|asunto|assunto|da|inviato|a|oggetto|van|verzonden|aan|onderwerp|от|отправлено|кому|тема|дата"
    r"|od|wysłano|do|temat|copie à|sujet"
    r"|发件人|发送时间|收件人|主题|抄送|寄件者|收件者|主旨|差出人|送信日時|宛先|件名"
    r"|từ|đã gửi|gửi|ngày|tới|đến|người gửi|người nhận|chủ đề|tiêu đề|gửi lúc)\s?[*_]{0,2}\s?[:：][*_]{0,2}",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"^\s*[*_]{0,2}(?:from|von|de|da|van|от|od|từ|người gửi|发件人|寄件者|差出人)\s?[*_]{0,2}\s?[:：]",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"^\s*[*_]{0,2}(?:date|sent|datum|gesendet|data|ngày|дата|message du)\s?[*_]{0,2}\s?:", re.IGNORECASE
)
_FORWARD = re.compile(
    r"^\W*(?=[bfwmt])(?:begin forwarded message|forwarded (?:message|by)|weitergeleitete nachricht"
    r"|message transféré|mensaje reenviado|thư (?:đã )?(?:được )?chuyển tiếp"
    r"|tin nhắn (?:đã )?(?:được )?chuyển tiếp)\b",
    re.IGNORECASE,
)


def split_quote(text: str) -> tuple[str, str]:
    r"""The reply and what it quotes; the second is empty when there is no quote or any doubt."""
    lines = text.split("\n")
    start = _start(lines[:LINES_LIMIT])
    if start is None:
        return text, ""
    start = _without_device(lines, start)
    reply = "\n".join(lines[:start]).rstrip()
    return (reply, "\n".join(lines[start:]).strip("\n")) if reply.strip() else (text, "")


def _start(lines: Sequence[str]) -> int | None:
    """The line at which everything that follows is quoted."""
    for number, here in enumerate(lines):
        if _FORWARD.match(here):
            return None
        if here.lstrip().startswith(">"):
            return number if _only_quote(lines[number:]) else None
        if "--" in here and _SEPARATOR.match(here):
            return number
        if (":" in here or "：" in here) and _header_block(lines, number):
            return number
        opens = _OPENING.match(here) is not None
        if not opens and not _HINT.search(here):
            continue  # most lines
        length = _attribution(lines, number, most=3 if opens else 1)
        if length and _quote_follows(lines[number + length :], dated=opens):
            return number
    return None


def _attribution(lines: Sequence[str], number: int, most: int) -> int:
    """How many lines an attribution takes here (long ones are wrapped); 0 when there is none."""
    for length in range(1, most + 1):
        taken = lines[number : number + length]
        if len(taken) < length or not taken[-1].strip() or taken[-1].lstrip().startswith(">"):
            return 0
        joined = " ".join(part.strip() for part in taken)
        if len(joined) > _ATTRIBUTION_LIMIT:
            return 0
        if not joined.endswith(_PROSE) and _MOMENT.search(joined) and _WROTE.search(joined[-_TAIL:]):
            return length
    return 0


def _quote_follows(rest: Sequence[str], *, dated: bool) -> bool:
    """Marked lines and nothing after them; or no marks at all, as HTML quotes are, under a dated line."""
    if any(line.lstrip().startswith(">") for line in rest):
        return _only_quote(rest)
    return dated and any(line.strip() for line in rest)


def _only_quote(rest: Sequence[str]) -> bool:
    """No line of the writer's own among or after the quoted ones, but for a signature below them."""
    for line in rest:
        if line.rstrip() == "--":
            return True
        if line.strip() and not line.lstrip().startswith(">"):
            return False
    return True


def _header_block(lines: Sequence[str], number: int) -> bool:
    """From:, Sent:, To:, Subject: one below the other, as Outlook repeats them."""
    if not (_FROM.match(lines[number]) or _DATE.match(lines[number])):
        return False
    following = [line for line in lines[number : number + 8] if line.strip()]
    labels = sum(bool(_LABEL.match(line)) for line in following)
    return labels >= 3 and any(_FROM.match(line) for line in following)  # noqa: PLR2004  # one or two are prose


def _without_device(lines: Sequence[str], start: int) -> int:
    """A phone's signature or a ruler just above the quote goes with it."""
    at = start
    while at > 0 and (not lines[at - 1].strip() or re.fullmatch(r"\s*[_-]{5,}\s*", lines[at - 1])):
        at -= 1
    if at > 0 and DEVICE.match(lines[at - 1]):
        return at - 1
    return min(at, start)
