"""What is fuzzed, and what it begins with. A refusal (`Unreadable`) is an answer, all else raised a bug."""

import base64
import struct
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from tickets.intake import (
    CallMapping,
    Line,
    Mailbox,
    MessageAccount,
    MessageMapping,
    Unreadable,
    decode_body,
    read_mail,
    read_messages,
    read_reports,
    told_by,
)
from tickets.intake.ami_messages import event_of, read_message
from tickets.intake.hotline import read_report
from tickets.intake.invitation import invitation
from tickets.intake.mail_source import PostedMail
from tickets.intake.posted_mail import read_posted
from tickets.intake.rtf import unpacked_rtf
from tickets.intake.sns import NotProven
from tickets.intake.tnef import read_tnef

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
USER = "desk:geheim"
POSTED = {"authorization": "Basic " + base64.b64encode(USER.encode()).decode()}
WINMAIL = struct.pack("<IH", 0x223E9F78, 7)
MESSENGERS = ("zalo", "messenger", "whatsapp", "telegram", "mapped")
EXCHANGES = ("push", "stringee", "twilio", "mapped")
MAILBOX = Mailbox(key="help", address="help@desk.example", trusts=("mx.desk.example",), agents_reply=True)
LINE = Line(
    key="1900",
    number="1900 0000",
    mapping=CallMapping(call_id="id", event="st", events={"START": "ringing"}, caller="from.number", at="ts"),
)


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


def messages(data: bytes) -> None:
    """What a messenger posts."""
    for provider in MESSENGERS:
        mapping = MessageMapping(id="id", customer="u.id", text="t") if provider == "mapped" else None
        account = MessageAccount(key="a", provider=provider, mapping=mapping)  # type: ignore[arg-type]
        for kind in (JSON, FORM) if mapping else (JSON,):
            with suppress(Unreadable):
                read_messages(data, kind, account, {})


def exchanges(data: bytes) -> None:
    """What a telephone system posts, logs, or says over a manager's connection."""
    for exchange in EXCHANGES:
        for kind in (JSON, FORM):
            with suppress(Unreadable):
                read_reports(data, told_by(exchange, kind), LINE, NOW)
    for kind in ("text/csv", "application/json; exchange=ami"):
        with suppress(Unreadable):
            read_reports(data, kind, LINE, NOW)
    for old in (True, False):
        event_of(read_message(data), NOW, old=old)


def posted(data: bytes) -> None:
    """Mail that a provider posts."""
    for provider in ("mailgun", "postmark", "sendgrid", "ses"):
        source = PostedMail(provider=provider, secret_env="X")
        for kind in (JSON, FORM, "multipart/form-data; boundary=B"):
            with suppress(Unreadable, NotProven):
                read_posted(source, USER, {**POSTED, "content-type": kind}, data, NOW)


def packed(data: bytes) -> None:
    """What Outlook packs, and an invitation."""
    read_tnef(WINMAIL + data)
    unpacked_rtf(data)
    invitation(data.decode("utf-8", "replace"))


TARGETS: dict[str, Callable[[bytes], None]] = {
    "mail": mail,
    "multipart": multipart,
    "urlencoded": urlencoded,
    "json": json,
    "messages": messages,
    "exchanges": exchanges,
    "posted": posted,
    "packed": packed,
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
    b'{"app_id": "1", "sender": {"id": "2"}, "event_name": "user_send_text", "message": {"msg_id": "m"}}',
    b'{"entry": [{"id": "7", "messaging": [{"sender": {"id": "9"}, "message": {"mid": "m", "text": "x"}}]}]}',
    b'{"entry": [{"changes": [{"field": "messages", "value": {"messages": [{"id": "m", "type": 1}]}}]}]}',
    b'{"update_id": 1, "message": {"message_id": 5, "from": {"id": 7}, "chat": {"id": 7}, "text": "x"}}',
    b"event=newCall&direction=in&from=84901234567&to=1900&callId=1&CallSid=CA1&CallStatus=ringing&From=1",
    b'{"Type": "Notification", "Message": "{\\"content\\": \\"Subject: x\\"}", "RawEmail": "Subject: x"}',
    b"eventtype,eventtime,uniqueid,linkedid,context\nCHAN_START,2026-03-02 09:00:00,1.1,1.1,from-trunk\n",
    b"Event: Newchannel\r\nUniqueid: 1.1\r\nLinkedid: 1.1\r\nChannel: PJSIP/1-1\r\nDuration: 00:00:20\r\n",
    b"\2\x10\x80\1\0\4\0\0\0a.b\0\0\0\1\5\x90\6\0\x10\0\0\0\1\0\0\0\x1f\0\7\x37\1\0\0\0\2\0\0\0a\0",
    b"BEGIN:VEVENT\r\nDTSTART;TZID=Asia/Ho_Chi_Minh:20260302T090000\r\nSUMMARY:a\\,\r\n b\r\nEND:VEVENT\r\n",
    b'{"call_id": "c1", "event": "missed", "at": "2026-03-02T02:00:00Z", "x": [1e400, "\\ud800"]}',
)
