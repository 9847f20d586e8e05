"""Whatever bytes come, a draft comes out, and soon."""

from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickets.intake import Mailbox, read_mail

MAILBOX = Mailbox(key="help", address="help@desk.example")
HEAD = b"From: a@b.vn\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
PIECES = [
    *(
        b"From: ",
        b"Subject: ",
        b"Date: ",
        b"Content-Type: ",
        b"Content-Transfer-Encoding: ",
        b"Message-ID: <",
    ),
    *(
        b"Content-Disposition: attachment; filename*0*=",
        b"References: <a@b> ",
        b"multipart/mixed; boundary=B",
    ),
    *(
        b"multipart/alternative; boundary=B",
        b"message/rfc822",
        b"text/html",
        b"text/plain; charset=",
        b"base64",
    ),
    *(
        b"--B\r\n",
        b"--B--",
        b"\r\n\r\n",
        b"\n",
        b"\r",
        b"=?utf-8?B?",
        b"=?x?Q?=ff?=",
        b"?=",
        b"quoted-printable",
    ),
    *(
        b"x-uuencode",
        b"begin 644 a\n",
        b"utf-7",
        b"idna",
        b"iso-2022-jp",
        b"\x1b$B",
        b"\0",
        b"\xed\xa0\x80",
        b'"',
    ),
    *(
        b"<",
        b">",
        b"(",
        b"@",
        b"a@b.vn",
        b"<div><table>",
        b"&#0;&#xD800;",
        b"> ",
        b"wrote:\n",
        b"=",
        b"%",
        b"''",
    ),
]
fuzzed = st.lists(st.sampled_from(PIECES) | st.binary(max_size=12), max_size=40).map(b"".join)


@settings(max_examples=1_000, deadline=None)
@given(fuzzed | st.binary(max_size=300))
def test_any_bytes_are_a_mail(raw: bytes) -> None:
    draft = read_mail(raw, MAILBOX, b"s")
    for text in (draft.subject, draft.text, draft.html or "", draft.sender.name, draft.external_id or ""):
        assert "\0" not in text
        text.encode()
    assert draft.subject
    assert len(draft.external_id or "") <= 255


def html(markup: bytes) -> bytes:
    return b"Content-Type: text/html\r\n\r\n" + markup


HEAVY = {
    "30 MB of text": b"Subject: x\r\n\r\n" + b"a line of some words\r\n" * 1_400_000,
    "30 MB attached": HEAD
    + b"--B\r\nContent-Transfer-Encoding: base64\r\nContent-Type: a/b\r\n\r\n"
    + b"QUJD" * 7_500_000,
    "10,000 parts": HEAD + b"--B\r\n\r\nhi\r\n" * 10_000 + b"--B--",
    "10,000 files": HEAD + b"--B\r\nContent-Type: image/png; name=a\r\n\r\nhi\r\n" * 10_000,
    "100,000 multiparts nested in one boundary": HEAD + (b"--B\r\n" + HEAD) * 20_000,
    "40,000 elements deep": html(b"<div>" * 40_000),
    "40,000 mismatched closings": html(b"<b></i>" * 40_000),
    "40,000 rows": html(b"<table>" + b"<tr><td>a<td>b</tr>" * 40_000),
    "tables in tables": html(b"<table><tr><td>" * 3_900),
    "40,000 recipients": b"To: a@b.vn\n" * 40_000 + b"\nhi",
    "quotes never closed": b"From: " + b'"a,<(' * 100_000 + b"\n\nhi",
    "parameters never closed": b"Content-Type: text/plain" + b'; a="' * 100_000 + b"\n\nhi",
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\n\nhi",
    "attributions": b"\n" + b"On 10:00 2019 wrote:\n" * 100_000,
    "white space": b"\n" + b" " * 3_000_000 + b"x",
    "carriage returns": b"\r" * 3_000_000,
}


@pytest.mark.parametrize("raw", HEAVY.values(), ids=HEAVY.keys())
def test_heavy_and_hostile_mails_take_seconds_at_most(raw: bytes) -> None:
    began = perf_counter()
    read_mail(raw, MAILBOX, b"s")
    assert perf_counter() - began < 10  # a tenth of that here; quadratic time would be minutes
