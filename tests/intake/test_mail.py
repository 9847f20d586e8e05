"""What one mail says, as a draft."""

import base64
from datetime import UTC, datetime
from encodings.aliases import aliases
from uuid import UUID

import pytest

from tickets.domain.draft import Identity
from tickets.intake import Mailbox, message_id, read_mail, reply_address

MAILBOX = Mailbox(key="help", address="help@desk.example", language="vi", tags=("mail",))
TICKET = UUID(int=7)
SECRET = b"a secret of the desk"
PLAIN = """From: =?utf-8?B?TmfGsOG7nWkgbXVh?= <Khach@Shop.example>
To: help@desk.example
Subject: =?utf-8?Q?=C4=90=C6=A1n_h=C3=A0ng?= =?utf-8?Q?_s=E1=BB=91_12?=
Date: Thu, 3 Apr 2025 10:00:00 +0700
Message-ID: <1@shop.example>

Chưa nhận được hàng.
"""


def multipart(kind: str, *parts: str, head: str = "From: khach@shop.example\n") -> bytes:
    body = "".join(f"--b\n{part}\n" for part in parts)
    return f"{head}Content-Type: multipart/{kind}; boundary=b\n\npreamble\n{body}--b--\nepilogue".encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_plain_mail_is_understood_whatever_its_line_ends(end: str) -> None:
    draft = read_mail(PLAIN.replace("\n", end).encode(), MAILBOX, SECRET)
    assert draft.subject == "Đơn hàng số 12"
    assert draft.text == "Chưa nhận được hàng."
    assert draft.sender.name == "Người mua"
    assert draft.sender.identities == (Identity("email", "khach@shop.example"),)
    assert draft.written_at == datetime(2025, 4, 3, 3, tzinfo=UTC)
    assert draft.conversation == ("<1@shop.example>",)
    assert (draft.channel, draft.source, draft.account) == ("inbox", "email", "help")
    assert (draft.language, draft.tags, draft.ticket, draft.automatic) == ("vi", ("mail",), None, False)


def test_the_same_mail_by_another_way_is_the_same_and_another_body_is_another() -> None:
    first = read_mail(PLAIN.encode(), MAILBOX, SECRET)
    again = read_mail(
        b"Received: by mx2\r\nDelivered-To: a@b.c\r\n" + PLAIN.replace("\n", "\r\n").encode(), MAILBOX, SECRET
    )
    other = read_mail(PLAIN.replace("Chưa", "Đã").encode(), MAILBOX, SECRET)
    assert first.external_id == again.external_id
    assert (first.external_id or "").startswith("<1@shop.example> ")
    assert first.external_id != other.external_id


def test_a_mail_without_message_id_is_known_by_its_content() -> None:
    bare = PLAIN.replace("Message-ID: <1@shop.example>\n", "").encode()
    assert read_mail(bare, MAILBOX, SECRET).external_id == read_mail(bare, MAILBOX, SECRET).external_id
    assert read_mail(bare, MAILBOX, SECRET).conversation == ()


def test_an_endless_message_id_still_fits() -> None:
    draft = read_mail(b"Message-ID: <" + b"x" * 800 + b"@y>\n\nhi", MAILBOX, SECRET)
    assert len(draft.external_id or "") <= 255
    assert len(draft.conversation[0]) <= 255


def test_references_are_nearest_first_and_prove_nothing() -> None:
    draft = read_mail(b"References: <1@a> <2@a>\n <3@a>\nIn-Reply-To: <3@a>\n\nhi", MAILBOX, SECRET)
    assert draft.references == ("<3@a>", "<2@a>", "<1@a>")
    assert draft.ticket is None


def test_our_keys_prove_the_ticket() -> None:
    ours = message_id(TICKET, UUID(int=1), "desk.example", SECRET)
    keyed = reply_address(TICKET, "help@desk.example", SECRET)
    forged = ours.replace(str(TICKET), str(UUID(int=8)))
    assert read_mail(f"References: <x@y> {ours}\n\nhi".encode(), MAILBOX, SECRET).ticket == TICKET
    assert read_mail(f"Cc: Help <{keyed}>\n\nhi".encode(), MAILBOX, SECRET).ticket == TICKET
    assert read_mail(f"References: {forged}\n\nhi".encode(), MAILBOX, SECRET).ticket is None


def test_a_bounce_of_our_mail_belongs_to_its_ticket() -> None:
    ours = message_id(TICKET, UUID(int=1), "desk.example", SECRET)
    returned = f"Content-Type: text/rfc822-headers\n\nMessage-ID: {ours}"
    draft = read_mail(multipart("report", "\nIt could not be delivered.", returned), MAILBOX, SECRET)
    assert (draft.ticket, draft.automatic) == (TICKET, True)


def test_html_is_made_harmless_and_read_as_text() -> None:
    html = (
        "<p>Xin <b>chào</b></p><script>alert(1)</script><img src=x onerror=a()><a href='javascript:1'>x</a>"
    )
    draft = read_mail(f"Content-Type: text/html; charset=utf-8\n\n{html}".encode(), MAILBOX, SECRET)
    assert draft.html
    assert not {"script", "onerror", "javascript"} & set(
        draft.html.replace("=", " ").replace(":", " ").split()
    )
    assert "<b>chào</b>" in draft.html
    assert draft.text.startswith("Xin chào")
    assert "alert" not in draft.text


def test_of_two_alternatives_the_plain_one_is_the_text() -> None:
    raw = multipart("alternative", "\nplain", "Content-Type: text/html\n\n<i>rich</i>")
    draft = read_mail(raw, MAILBOX, SECRET)
    assert (draft.text, draft.html) == ("plain", "<i>rich</i>")


def test_files_keep_name_type_bytes_and_place() -> None:
    image = base64.b64encode(b"\x89PNG").decode()
    raw = multipart(
        "mixed",
        "\nsee the files",
        f"Content-Type: image/png\nContent-ID: <logo@x>\nContent-Transfer-Encoding: base64\n\n{image}",
        "Content-Type: text/plain\nContent-Disposition: attachment;\n"
        " filename*0*=utf-8''H%C3%B3a%20; filename*1=don.txt\n\nnội dung",
        "Content-Type: message/rfc822\n\nSubject: forwarded\n\nhello",
    )
    draft = read_mail(raw, MAILBOX, SECRET)
    assert draft.text == "see the files"
    png, invoice, forwarded = draft.attachments
    assert (png.media_type, png.content, png.content_id) == ("image/png", b"\x89PNG", "logo@x")
    assert (invoice.name, invoice.content) == ("Hóa don.txt", "nội dung".encode())
    assert (forwarded.name, forwarded.content) == ("forwarded.eml", b"Subject: forwarded\n\nhello")


def test_a_reply_is_split_and_nothing_is_lost() -> None:
    draft = read_mail(b"From: a@b.vn\n\nThanks\n\n> our words", MAILBOX, SECRET)
    assert (draft.text, draft.quoted) == ("Thanks", "> our words")


def test_reply_to_counts_only_where_the_mailbox_wrote_to_itself() -> None:
    relayed = b"From: help@desk.example\nReply-To: khach@shop.example\n\nhi"
    chosen = b"From: stranger@evil.example\nReply-To: khach@shop.example\n\nhi"
    assert read_mail(relayed, MAILBOX, SECRET).sender.identities[0].value == "khach@shop.example"
    assert [identity.value for identity in read_mail(chosen, MAILBOX, SECRET).sender.identities] == [
        "stranger@evil.example"
    ]


@pytest.mark.parametrize(
    ("field", "name", "address"),
    [
        ('"Mua, Người" <a@b.vn>', "Mua, Người", "a@b.vn"),
        ("a@b.vn (Người mua)", "Người mua", "a@b.vn"),
        ("a@b.vn", "", "a@b.vn"),
        ("<a@b.vn>", "", "a@b.vn"),
        ('"unclosed <a@b.vn>', "unclosed", "a@b.vn"),
        ("Shop: a@b.vn, c@d.vn;", "", "a@b.vn"),
        ("evil@x.vn <a@b.vn>", "evil@x.vn", "a@b.vn"),
        ("=?utf-8?Q?Ng=C6=B0=E1=BB=9Di?= <a@b.vn>", "Người", "a@b.vn"),
        ("mailto:a@b.vn", "", "a@b.vn"),
    ],
)
def test_senders_as_they_write_themselves(field: str, name: str, address: str) -> None:
    sender = read_mail(f"From: {field}\n\nhi".encode(), MAILBOX, SECRET).sender
    assert (sender.name, [identity.value for identity in sender.identities]) == (name, [address])


@pytest.mark.parametrize("field", ["", "undisclosed-recipients:;", "<>", "@", "a@", "MAILER-DAEMON", "a b c"])
def test_a_sender_who_is_nobody_has_no_identity(field: str) -> None:
    assert read_mail(f"From: {field}\n\nhi".encode(), MAILBOX, SECRET).sender.identities == ()


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Foo 2025", "Mon, 1 Jan 0000 00:00:00 +9999"])
def test_a_date_that_is_none_is_left_out(date: str) -> None:
    assert read_mail(f"Date: {date}\n\nhi".encode(), MAILBOX, SECRET).written_at is None


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("x-unknown", "Chào".encode()),
        ("iso-gb2312", "中文".encode("gb18030")),
        ("iso-2022-jp", "①日本".encode("iso2022_jp_2004").replace(b"\x1b$(Q", b"\x1b$B")),
        ("windows-1258", "Hà N".encode("cp1258")),
        ("punycode", "Chào".encode()),
        ("base64", "Chào".encode()),
    ],
)
def test_charsets_true_and_false(charset: str, data: bytes) -> None:
    draft = read_mail(
        b"Content-Type: text/plain; charset=" + charset.encode() + b"\n\n" + data, MAILBOX, SECRET
    )
    assert draft.text in {"Chào", "中文", "①日本", "Hà N"}


@pytest.mark.parametrize(
    "charset", sorted({*aliases, *aliases.values(), "idna", "undefined", "raw_unicode_escape"})
)
def test_no_charset_python_knows_does_harm(charset: str) -> None:
    for data in (b"plain words", bytes(range(1, 256)), b"\xff\xfe\x00\xd8"):
        read_mail(f"Content-Type: text/html; charset={charset}\n\n".encode() + data, MAILBOX, SECRET)
