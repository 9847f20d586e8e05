"""Outlook's winmail.dat: its files and its text come out, whatever else it is."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.intake.test_mail_corpora import DATA, MAILBOX, members

from tickets.intake import read_mail
from tickets.intake.rtf import unpacked_rtf
from tickets.intake.tnef import read_tnef

SIGNATURE = struct.pack("<IH", 0x223E9F78, 7)
FILE, TITLE, CONTENT, BODY = 0x069002, 0x018010, 0x06800F, 0x02800C


def attribute(kind: int, data: bytes) -> bytes:
    level = 1 if kind == BODY else 2
    return struct.pack("<BII", level, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


WINMAIL = (
    SIGNATURE
    + attribute(BODY, b"M\xe1y gi\xf7t\0")
    + attribute(FILE, b"\1\0")
    + attribute(TITLE, b"../h\xf3a \xf0on.pdf\0")
    + attribute(CONTENT, b"%PDF-1.7")
    + attribute(FILE, b"\1\0")
    + attribute(TITLE, b"b.png\0")
    + attribute(CONTENT, b"\x89PNG")
)


def mail(text: str = "") -> bytes:
    head = b"From: an@khach.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    body = b"--B\r\n\r\n" + text.encode() + b"\r\n" if text else b""
    winmail = b'--B\r\nContent-Type: application/ms-tnef; name="winmail.dat"\r\n'
    return head + body + winmail + b"Content-Transfer-Encoding: binary\r\n\r\n" + WINMAIL + b"\r\n--B--\r\n"


def test_files_come_out_by_their_names_and_the_text_where_there_is_no_other() -> None:
    draft = read_mail(mail(), MAILBOX, b"s")
    assert draft.text == "Máy gi÷t"
    assert [(file.name, file.content) for file in draft.attachments] == [
        (".._hóa ðon.pdf", b"%PDF-1.7"),
        ("b.png", b"\x89PNG"),
    ]
    assert read_mail(mail("Chào shop"), MAILBOX, b"s").text == "Chào shop"


def test_what_is_none_stays_a_file_as_it_came() -> None:
    raw = mail("hi").replace(WINMAIL, b"no such thing")
    (file,) = read_mail(raw, MAILBOX, b"s").attachments
    assert (file.name, file.media_type, file.content) == (
        "winmail.dat",
        "application/ms-tnef",
        b"no such thing",
    )


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(WINMAIL)), st.integers(0, 40))
def test_whatever_it_is_cut_to_or_overwritten_with_it_does_not_raise(noise: bytes, at: int, cut: int) -> None:
    read_tnef(WINMAIL[:at] + noise + WINMAIL[at + cut :])
    read_tnef(SIGNATURE + attribute(0x069003, noise) + attribute(FILE, b"") + attribute(0x069005, noise))
    unpacked_rtf(b"\0" * 4 + struct.pack("<I", 5_000) + b"LZFu" + b"\0" * 4 + noise)


def packed(kind: bytes, size: int, data: bytes) -> bytes:
    return struct.pack("<II4sI", len(data) + 12, size, kind, 0) + data


def test_packed_rtf_is_unpacked_from_the_words_it_begins_with_and_from_itself() -> None:
    words = b"\5" + (0 << 4 | 4).to_bytes(2, "big") + b"!" + (207 << 4 | 5).to_bytes(2, "big")
    assert unpacked_rtf(packed(b"LZFu", 14, words)) == b"{\\rtf1!{\\rtf1!"
    assert unpacked_rtf(packed(b"MELA", 3, b"abcd")) == b"abc"
    assert unpacked_rtf(packed(b"none", 3, b"abcd")) == b""


SET = DATA / "mimekit.tar.gz"
TEXTS = {"message.rtf", "message.txt", "message.html"}
OTHERS = {
    "Untitled_Attachment",
    "Untitled Attachment.1",
    "Untitled Attachment.2",
    "Untitled Attachment.3",
    "Untitled Attachment.4",
}
"""Messages and pictures within, which MimeKit names so and leaves packed; we give what is in them."""


@pytest.mark.skipif(not SET.is_file(), reason=f"no mail sets at {DATA}")
def test_the_files_of_real_ones_are_those_another_reader_found() -> None:
    there = {Path(name): content for name, content in members(SET) if "/tnef/" in name}
    compared = 0
    for path, raw in there.items():
        if path.suffix != ".tnef":
            continue
        wanted = {
            each.name: content for each, content in there.items() if each.parent == path.with_suffix("")
        }
        found = read_tnef(raw)
        got = {} if found is None else {file.name: file.content for file in (*found.files, *found.texts)}
        for name in wanted.keys() - OTHERS - TEXTS:
            assert _lines(got[name]) == _lines(wanted[name]), (path, name)
            compared += 1
        if "message.rtf" in wanted:
            assert found is not None
            assert _lines(found.rtf) == _lines(wanted["message.rtf"]), path
        if "message.html" in wanted:
            assert found is not None
            assert "</html>" in found.html.lower()
    assert compared >= 25, compared


def _lines(content: bytes) -> bytes:
    """Some of the expected files have lost their carriage returns."""
    return content.replace(b"\r\n", b"\n")
