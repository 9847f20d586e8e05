"""A notice by mail: a page, a digest, a hand-off, a gap. Same in, same bytes out."""

from base64 import encodebytes
from datetime import datetime
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from uuid import UUID

from tickets.application.mail_fields import head, mailbox, words
from tickets.intake.text import line

_TITLE = 400
"""Most characters of a subject: what stands before a ticket's own, and that."""


def notice_mail(
    sender: str, destination: str, own_id: UUID | str, at: datetime, title: str, text: str
) -> bytes:
    """The bytes to send; no automaton answers them (RFC 3834). `own_id` is a Message-ID or makes one."""
    fields = (
        ("From", _sent_by(sender)),
        ("To", destination),
        ("Subject", words(line(title, _TITLE))),
        ("Date", _date(at)),
        ("Message-ID", own_id if isinstance(own_id, str) else f"<{own_id}@{domain_of(sender)}>"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'text/plain; charset="utf-8"'),
        ("Content-Transfer-Encoding", "base64"),
    )
    return head(fields) + b"\r\n" + encodebytes(f"{text}\n".encode()).replace(b"\n", b"\r\n")


def domain_of(sender: str) -> str:
    """The domain of an address, with or without a display name."""
    return sender.rpartition("@")[2].rstrip(">")


# What falls due together leaves at one instant, from one sender: writing both anew is a quarter of a notice.
@lru_cache(maxsize=8)
def _date(at: datetime) -> str:
    return format_datetime(at)


@lru_cache(maxsize=8)
def _sent_by(sender: str) -> str:
    return mailbox(*parseaddr(sender))
