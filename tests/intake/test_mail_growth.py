"""Four times the mail takes about four times the processor time, whatever repeats: nothing is quadratic."""

from time import process_time

import pytest
from tests.intake.test_mail_corpora import MAILBOX

from tickets.intake import read_mail

MOST = 9.0
"""Sixteen would be quadratic; four is linear, and others use this machine, too."""
REPEATED: dict[str, tuple[bytes, bytes, int]] = {
    "blockquotes": (b"Content-Type: text/html\n\n", b"<blockquote><p>a</p></blockquote>", 3_000),
    "list items": (b"Content-Type: text/html\n\n<ul>", b"<li><ul><li>x</ul>", 3_000),
    "addresses in a bounce": (
        b"From: mailer-daemon@x\nSubject: Undelivered\n\n",
        b"<a@b.vn>: failed\n",
        20_000,
    ),
    "groups of a delivery status": (
        b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n",
        b"Final-Recipient: rfc822;a@b.vn\nAction: failed\n\n",
        5_000,
    ),
    "verdicts": (b"From: a@b.vn\nAuthentication-Results: mx", b"; dkim=pass (a) header.d=b.vn", 2_000),
    "fields of verdicts": (
        b"From: a@b.vn\n",
        b"Authentication-Results: mx; dkim=pass header.d=b.vn\n",
        2_000,
    ),
    "addresses": (b"To: ", b'"a, b" (c) <a@b.vn>, ', 2_000),
    "signatures": (b"\n", b"text\n-- \n", 20_000),
    "dated lines": (b"\n", b"On 3 April 2025 at 10:00\n", 5_000),
    "labels": (b"\n", b"From: a\nDate: b\n", 5_000),
    "encoded words": (b"Subject: ", b"=?utf-8?q?a?= ", 1_000),
    "parts": (b"Content-Type: multipart/mixed; boundary=b\n\n", b"--b\n\nhi\n", 2_000),
}


def cost(raw: bytes) -> float:
    """Processor time of reading it, the least of three."""
    times = []
    for _ in range(3):
        began = process_time()
        read_mail(raw, MAILBOX, b"s")
        times.append(process_time() - began)
    return min(times)


@pytest.mark.parametrize("name", REPEATED)
def test_time_grows_with_length(name: str) -> None:
    head, piece, times = REPEATED[name]
    small, large = cost(head + piece * times + b"\n\n"), cost(head + piece * (4 * times) + b"\n\n")
    assert large < MOST * max(small, 0.002), (small, large)
