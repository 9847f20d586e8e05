"""What stands in the head of a mail of ours reads as it was written, whoever reads it."""

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tickets.application.mail_fields import head, mailbox, words
from tickets.intake.addresses import Address, read_addresses
from tickets.intake.headers import decode_words
from tickets.intake.text import NAME_LIMIT, line, printable

LONGEST = 76  # RFC 2047 §2: of a line that has an encoded word
texts = st.text(max_size=300).map(printable)


@given(texts)
@example("Khẩn cấp: phản hồi đầu tiên của phiếu #12 (broken) – Màn hình bị sọc sau hai tuần")
@example("=?utf-8?b?cGF5IG5vdw==?=")
@example("👩‍👩‍👧‍👧" * 20)
def test_a_subject_reads_as_it_was_written(text: str) -> None:
    written = words(text)
    for one in written.split("\r\n ") if "=?" in written else ():
        assert decode_words(one).encode(), "each has whole characters"
        assert len(f"Subject: {one}") <= LONGEST
    assert decode_words(written.replace("\r\n ", " ")) == text
    mail = message_from_bytes(head([("Subject", written)]) + b"\r\n", policy=default)
    assert mail["Subject"] == text


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Fire drill",
        'Cửa hàng "Số 1", Hà Nội',
        "Nguyễn Thị Ngọc Ánh; phòng kỹ thuật " * 4 + "1",
        "=?utf-8?b?eA==?=",
    ],
)
def test_a_name_reads_as_it_was_written(name: str) -> None:
    written = mailbox(name, "an@example.com").replace("\r\n ", " ")
    assert read_addresses(written) == (Address(line(name, NAME_LIMIT), "an@example.com"),)


@pytest.mark.parametrize("text", ["Fire drill", '1 < 2 & "so"', "x" * 500])
def test_what_is_ascii_stays_as_it_is(text: str) -> None:
    assert words(text) == text
