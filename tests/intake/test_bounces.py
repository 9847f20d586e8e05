"""Mail that came back is recognised, whatever machine returned it; people who complain are not machines."""

import pytest
from tests.intake.test_mail_corpora import DATA, MAILBOX, members

from tickets.intake import read_mail

needs_sets = pytest.mark.skipif(not DATA.is_dir(), reason=f"no mail sets at {DATA}")

NONE = {
    "groupwise_03.txt": "a person's answer with a broken part, there to see that nothing breaks",
    "qmail_08.txt": "an auto-reply, known as one by its Precedence",
}
"""What in the set came back to nobody; flufl.bounce, whose set it is, names no recipient either."""

RETURNED = {
    "spamassassin_1": 3,  # a delay, a filter's refusal and a refused relay, among people's mail
    "zammad_odd": 5,  # three undelivered mails, and the .yml of one, which begins like a mail
    "flanker": 9,  # messages/bounce
    "ruby_mail": 6,  # multipart_report_emails, and a delay
    "cpython": 3,
    "mimekit": 5,
    "redmine": 0,
    "talon": 0,
    "github_reply": 0,
    "willdurand_reply": 0,
}
"""Bounces that stand in the other sets; every one was read, no ordinary mail is among them."""


@needs_sets
def test_all_bounces_of_the_set_are_recognised_but_two_that_are_none() -> None:
    found = {
        name.rpartition("/")[2]: read_mail(raw, MAILBOX, b"s")
        for name, raw in members(DATA / "bounces_flufl.tar.gz")
    }
    assert len(found) == 117
    assert {name for name, draft in found.items() if draft.returned is None} == set(NONE)
    assert found["qmail_08.txt"].automatic
    assert all(draft.automatic for name, draft in found.items() if name not in NONE)
    late = {name for name, draft in found.items() if draft.returned and not draft.returned.final}
    assert {"simple_03.txt", "simple_21.txt", "simple_35.txt", "simple_40.txt", "dsn_05.txt"} <= late
    told = [draft.returned for draft in found.values() if draft.returned]
    assert sum(bool(each.recipients) for each in told) >= len(told) - 3


@needs_sets
@pytest.mark.parametrize(("name", "count"), RETURNED.items())
def test_no_ordinary_mail_is_taken_for_one(name: str, count: int) -> None:
    found = [
        member for member, raw in members(DATA / f"{name}.tar.gz") if read_mail(raw, MAILBOX, b"s").returned
    ]
    assert len(found) == count, found


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Delivery failure", "My sofa was not delivered. Please write to khach@shop.example"),
        ("Delivery problem", "The parcel could not be delivered, the address was not found."),
        ("Không giao được hàng", "Hàng không thể giao đến địa chỉ của tôi"),
        ("Mail error", "I get the error 550 user unknown in your shop"),
        (
            "Re: Undelivered Mail Returned to Sender",
            "What is this? My mail to sales@desk2.example was not delivered.",
        ),
        ("Đơn hàng bị trả lại", "Thư bị trả lại, tôi phải làm gì?"),
    ],
)
def test_a_customer_who_complains_is_none(subject: str, text: str) -> None:
    raw = f"From: khach@shop.example\nSubject: {subject}\nTo: help@desk.example\n\n{text}\n".encode()
    draft = read_mail(raw, MAILBOX, b"s")
    assert (draft.returned, draft.automatic) == (None, False)


@pytest.mark.parametrize(
    ("head", "text", "recipients", "final"),
    [
        ("From: MAILER-DAEMON@mx.vn", "Thư không gửi được đến an@khach.example", ("an@khach.example",), True),
        (
            "From: postmaster@mx.de",
            "Ihre Nachricht konnte nicht zugestellt werden: an@khach.example",
            None,
            True,
        ),
        (
            "From: x@mx.vn\nReturn-Path: <>",
            "Delayed 4 hours, will be retried: <an@khach.example>",
            None,
            False,
        ),
        ("From: x@mx.vn\nX-Failed-Recipients: an@khach.example", "whatever", None, True),
        ("From: mailer-daemon@mx.cn", "邮件无法投递\n<an@khach.example>: 550 no such user", None, True),
    ],
)
def test_machines_of_many_tongues(
    head: str, text: str, recipients: tuple[str, ...] | None, *, final: bool
) -> None:
    raw = f"{head}\nSubject: Undelivered\nTo: help@desk.example\n\n{text}\n".encode()
    returned = read_mail(raw, MAILBOX, b"s").returned
    assert returned is not None
    assert returned.recipients == (recipients or ("an@khach.example",))
    assert returned.final is final


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_came_not_back(action: str) -> None:
    raw = (
        "From: postmaster@mx.vn\nSubject: Relayed\nContent-Type: multipart/report; boundary=b\n\n"
        "--b\n\nYour mail is on its way.\n"
        f"--b\nContent-Type: message/delivery-status\n\n"
        f"Final-Recipient: rfc822;a@b.vn\nAction: {action}\n--b--"
    ).encode()
    draft = read_mail(raw, MAILBOX, b"s")
    assert (draft.returned, draft.automatic) == (None, True)
