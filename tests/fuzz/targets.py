"""What is fuzzed, and what it begins with. A refusal (`Unreadable`) is an answer, all else raised a bug."""

from collections.abc import Callable
from contextlib import suppress

from tickets.intake import Line, Mailbox, Unreadable, decode_body, read_mail
from tickets.intake.hotline import read_report

MAILBOX = Mailbox(key="help", address="help@desk.example", trusts=("mx.desk.example",), agents_reply=True)
LINE = Line(key="1900", number="1900 0000")


def mail(data: bytes) -> None:
    """One mail: always a draft that the database can hold."""
    draft = read_mail(data, MAILBOX, b"secret")
    for text in (
        draft.subject,
        draft.text,
        draft.signature,
        draft.quoted,
        draft.html or "",
        draft.sender.name,
    ):
        if "\0" in text:
            raise ValueError("a NUL in what the database must hold")
        text.encode()


def multipart(data: bytes) -> None:
    """A form with files."""
    with suppress(Unreadable):
        decode_body(data, "multipart/form-data; boundary=B")


def urlencoded(data: bytes) -> None:
    """A form without."""
    with suppress(Unreadable):
        decode_body(data, "application/x-www-form-urlencoded")


def json(data: bytes) -> None:
    """A form as JSON, and a call."""
    with suppress(Unreadable):
        decode_body(data, "application/json")
    with suppress(Unreadable):
        read_report(data, LINE)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "mail": mail,
    "multipart": multipart,
    "urlencoded": urlencoded,
    "json": json,
}

SEEDS = (
    b"\r\n".join(
        (
            b'From: "A, B" <a@b.vn>\r\nTo: x: a@b, c@d;\r\nSubject: =?utf-8?B?xJA=?= =?iso-2022-jp?Q?=1B$B?=',
            b"Date: Thu, 3 Apr 2025 10:00:00 +0700\r\nMessage-ID: <1@b>\r\nReferences: <2@b> <3@b>",
            b"Authentication-Results: mx.desk.example; dmarc=pass (p=x) header.from=b.vn; dkim=fail\r\n",
            b"Xin\r\n\r\n-- \r\nAn\r\n\r\nOn Apr 3, 2025 at 10:00 Shop <a@b> wrote:\r\n> Hi\r\n",
        )
    ),
    b"\r\n".join(
        (
            b"Content-Type: multipart/alternative; boundary=B\r\n\r\n--B",
            b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AGE-\r\n--B",
            b"Content-Type: text/html; charset=gb2312\r\n",
            b"<blockquote><p>a<ul><li>b</ul><pre>c\n d</pre><td>e\r\n--B--",
        )
    ),
    b"\r\n".join(
        (
            b"From: MAILER-DAEMON@x\r\nSubject: Undelivered\r\nContent-Type: multipart/report; boundary=B",
            b"\r\n--B\r\n\r\ncould not be delivered <a@b.vn>\r\n--B",
            b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;x\r\n",
            b"Final-Recipient: rfc822;a@b.vn\r\nAction: failed\r\nStatus: 5.1.1\r\n--B",
            b"Content-Type: message/rfc822\r\n\r\nTo: a@b\r\n",
        )
    ),
    b"\r\n".join(
        (
            b"Content-Type: application/ms-tnef; name*0*=iso-2022-jp''%1B$B; name*1=x.dat",
            b"Content-Transfer-Encoding: base64\r\n\r\neJ8+IgA=",
        )
    ),
    b'--B\r\nContent-Disposition: form-data; name="f"; filename="a.png"\r\n\r\n\x89PNG\r\n--B--\r\n',
    b"name=An&phone=0901%20234&x=%ff%00&name=again",
    b'{"call_id": "c1", "event": "missed", "at": "2026-03-02T02:00:00Z", "x": [1e400, "\\ud800"]}',
)
