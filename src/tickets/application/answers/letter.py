"""A mail to a customer as bytes (RFC 5322). Same in, same bytes out: its boundaries are made of its id."""

from collections.abc import Iterator
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape

from msgspec import Struct

from tickets.application.mail_fields import head, mailbox, words
from tickets.domain.draft import Attachment
from tickets.intake.text import NAME_LIMIT, SUBJECT_LIMIT, line

_CONTENT = SMTP.clone(cte_type="7bit")  # not every server on the way takes 8 bits
_CLOSED = ("multipart", "message")
"""Types a file cannot be sent as: readers would open it as part of the mail."""


class Letter(Struct, frozen=True, kw_only=True):
    """What stands in it. `bounces_to` is the envelope's sender, empty for none; it is not sent.

    `thread` are the Message-IDs before it, oldest first; the last is what it answers.
    """

    message_id: str
    at: datetime
    sender: tuple[str, str]
    reply_to: str = ""
    subject: str
    thread: tuple[str, ...]
    answers: str
    signature: str = ""
    to: tuple[str, str] = ("", "")
    bounces_to: str = ""
    text: str = ""
    html: str | None = None
    attachments: tuple[Attachment, ...] = ()
    extra: tuple[tuple[str, str], ...] = ()


def letter_bytes(letter: Letter) -> bytes:
    """The bytes an outbox row keeps; `Return-Path` tells the way `email` where bounces go."""
    return head(_fields(letter)) + _content(letter).as_bytes()


def _fields(letter: Letter) -> Iterator[tuple[str, str]]:
    yield "Return-Path", f"<{letter.bounces_to}>"
    yield "From", mailbox(*letter.sender)
    yield "To", mailbox(*letter.to)
    if letter.reply_to:
        yield "Reply-To", mailbox(letter.sender[0], letter.reply_to)
    yield "Subject", words(line(letter.subject, SUBJECT_LIMIT))
    yield "Date", format_datetime(letter.at)
    yield "Message-ID", letter.message_id
    yield "In-Reply-To", letter.answers
    yield "References", "\r\n ".join(letter.thread)
    yield from letter.extra


def _content(letter: Letter) -> EmailMessage:
    mail = EmailMessage(policy=_CONTENT)
    mail.set_content(_text(letter))
    mail.add_alternative(_html(letter), subtype="html")
    for file in letter.attachments:
        main, _, sub = file.media_type.partition("/")
        known = main.isalnum() and sub.replace("-", "").replace(".", "").replace("+", "").isalnum()
        if not known or not file.media_type.isascii() or main.lower() in _CLOSED:
            main, sub = "application", "octet-stream"
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=line(file.name, NAME_LIMIT))
    mark = sha256(letter.message_id.encode()).hexdigest()[:24]
    for n, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mark}_{n}")
    return mail


def _text(letter: Letter) -> str:
    signed = f"{letter.text}\n\n-- \n{letter.signature}" if letter.signature else letter.text
    return f"{signed}\n"


def _html(letter: Letter) -> str:
    body = letter.html or f"<p>{_lines(letter.text)}</p>"
    signature = f"\n<p>-- <br>\n{_lines(letter.signature)}</p>" if letter.signature else ""
    return f"<html><body>\n{body}{signature}\n</body></html>\n"


def _lines(text: str) -> str:
    return escape(text, quote=False).replace("\n\n", "</p>\n<p>").replace("\n", "<br>\n")
