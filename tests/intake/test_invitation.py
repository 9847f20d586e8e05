"""Invitations: kept as a file, told in a line."""

import pytest
from tests.intake.test_mail_corpora import MAILBOX

from tickets.intake import read_mail
from tickets.intake.invitation import invitation

EVENT = """BEGIN:VCALENDAR\r
METHOD:REQUEST\r
BEGIN:VTIMEZONE\r
DTSTART:16010101T000000\r
END:VTIMEZONE\r
BEGIN:VEVENT\r
DTSTART;TZID="Asia/Ho_Chi_Minh":20260302T090000\r
SUMMARY;LANGUAGE=vi:Lắp máy giặt\\, tầng 3\r
LOCATION:12 Lê Lợi\\n\r
 Quận 1\r
BEGIN:VALARM\r
SUMMARY:none of that\r
END:VALARM\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_an_invitation_is_a_file_and_a_line_of_the_text() -> None:
    raw = (
        "From: an@khach.example\r\nSubject: hẹn\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n"
        "--B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMời anh đến.\r\n"
        "--B\r\nContent-Type: text/calendar; charset=utf-8; method=REQUEST\r\n\r\n" + EVENT + "--B--\r\n"
    )
    draft = read_mail(raw.encode(), MAILBOX, b"s")
    told = "[invitation] Lắp máy giặt, tầng 3, 2026-03-02 09:00 (Asia/Ho_Chi_Minh), 12 Lê Lợi Quận 1"
    assert draft.text == f"Mời anh đến.\n\n{told}"
    (file,) = draft.attachments
    assert (file.name, file.media_type) == ("invitation.ics", "text/calendar")
    assert b"VALARM" in file.content


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ("DTSTART:20260302T020000Z\nSUMMARY:a", "[invitation] a, 2026-03-02 02:00 UTC"),
        ("DTSTART;VALUE=DATE:20260302", "[invitation] 2026-03-02"),
        ("DTSTART:20260302T090000\nSUMMARY:", "[invitation] 2026-03-02 09:00"),
        ("DTSTART:soon", "[invitation] soon"),
        ("UID:1", ""),
    ],
)
def test_of_what_there_is(event: str, told: str) -> None:
    assert invitation(f"BEGIN:VEVENT\n{event}\nEND:VEVENT").replace("(UTC)", "UTC") == told
    assert invitation(event) == ""
