"""How an alert reads to people and to programs."""

import json
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw
from msgspec.structs import replace
from tests.worker.stage import START

from tickets.application.notices.alerts import METRICS, WORDS, AlertNotices, Language, spoken
from tickets.application.runs.links import read_link
from tickets.domain.escalation import Manner, Recipient
from tickets.domain.ticket import Alert, Ticket
from tickets.domain.words import PRIORITIES, STATUSES
from tickets.intake.threading import named_by_message_id

TICKET = Ticket(
    id=UUID(int=1),
    number=1042,
    channel="form",
    source="web",
    account="warranty",
    subject="Máy giặt không chạy",
    priority="urgent",
    customer_id=UUID(int=2),
    team="warranty-hanoi",
    due_at=START,
    opened_at=START - timedelta(hours=4),
    updated_at=START,
)
ALERT = Alert(
    id=UUID(int=3),
    ticket_id=TICKET.id,
    metric="first_response",
    cycle=1,
    level="breach",
    covers=("warning",),
    recipients=("agent:an",),
    occurred_at=START,
    detected_at=START + timedelta(seconds=1),
)
NOTICE = UUID(int=4)


HANOI = "Asia/Ho_Chi_Minh"
ENGLISH, VIETNAMESE = Manner(("en",), HANOI), Manner(("vi",), HANOI)


def notice(
    manner: Manner,
    way: str = "email",
    destination: str = "an@shop.example",
    alert: Alert = ALERT,
    ticket: Ticket = TICKET,
) -> bytes:
    made = AlertNotices(
        sender="Tickets <tickets@shop.example>", public_url="https://tickets.shop.example", secret=b"s"
    )
    return made.render(way, destination, NOTICE, alert, ticket, Recipient("agent:an", (), manner))


def read(mail: bytes) -> EmailMessage:
    return message_from_bytes(mail, policy=default)


def text(mail: EmailMessage) -> str:
    return str(mail.get_content()).replace("\r\n", "\n")


def test_a_mail_says_in_english_what_is_wrong_and_where_to_look() -> None:
    mail = read(notice(ENGLISH))
    assert mail["subject"] == "Urgent: first response of #1042 (breach) – Máy giặt không chạy"
    assert named_by_message_id(mail["message-id"], b"s", "notice") == (TICKET.id, NOTICE)
    assert named_by_message_id(mail["message-id"], b"s") is None  # it proves nothing to customers' mail
    assert mail["to"] == "an@shop.example"
    assert mail["auto-submitted"] == "auto-generated"
    assert mail["date"].datetime == ALERT.detected_at
    assert text(mail) == (
        "Ticket #1042 needs attention: its promise of first response has reached level breach.\n\n"
        "Ticket: #1042 Máy giặt không chạy\n"
        "Priority: Urgent\n"
        "Status: New\n"
        "Team: warranty-hanoi\n"
        "Due: 2026-03-02 16:00:00+07:00\n"
        "Level reached: 2026-03-02 16:00:00+07:00\n"
        "Also covers: warning\n\n"
        f"https://tickets.shop.example/v1/tickets/{TICKET.id}\n"
    )


def test_and_in_vietnamese() -> None:
    reminder = replace(ALERT, repeat=2)
    mail = read(notice(VIETNAMESE, alert=reminder))
    assert mail["subject"] == "Khẩn cấp: phản hồi đầu tiên của phiếu #1042 (breach) – Máy giặt không chạy"
    assert "Nhắc lần: 2\n" in text(mail)
    assert "Trạng thái: Mới\n" in text(mail)
    assert "Người phụ trách" not in text(mail)


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["vi"].keys()
    assert METRICS["en"].keys() == METRICS["vi"].keys()
    assert {*PRIORITIES, *STATUSES} <= WORDS["vi"].keys()


def test_a_program_gets_the_alert_and_the_ticket_and_nothing_about_the_customer() -> None:
    body = json.loads(notice(VIETNAMESE, "webhook", "ops"))
    assert body["type"] == "alert.raised"
    assert body["timestamp"] == "2026-03-02T09:00:01Z"
    assert body["data"]["alert"]["level"] == "breach"
    assert body["data"]["ticket"]["number"] == 1042
    assert body["data"]["ticket"]["due_at"] == "2026-03-02T09:00:00Z"
    assert not any("customer" in key for key in body["data"]["ticket"])


@pytest.mark.parametrize("way", ["email", "webhook"])
def test_the_same_alert_always_makes_the_same_bytes(way: str) -> None:
    made = {notice(ENGLISH, way) for _ in range(3)}
    assert len(made) == 1


@given(subject=st.text(st.characters(exclude_categories=["Cs"]), max_size=300), level=st.text(max_size=40))
def test_whatever_a_customer_wrote_makes_one_subject_line_and_no_other_header(
    subject: str, level: str
) -> None:
    ticket, alert = replace(TICKET, subject=subject), replace(ALERT, level=level)
    mail = notice(VIETNAMESE, alert=alert, ticket=ticket)
    assert mail.isascii()
    assert max(map(len, mail.split(b"\r\n"))) <= 998
    assert read(mail).keys() == read(notice(VIETNAMESE)).keys()


@given(
    st.lists(
        st.sampled_from(["Máy", "ATM", "Hoàn", "Kiếm", "không", "nhả", "tiền", "của", "#1042", "–"]),
        min_size=1,
    )
)
def test_no_space_of_a_vietnamese_subject_is_lost_where_its_line_is_folded(said: list[str]) -> None:
    ticket = replace(TICKET, subject=" ".join(said))
    assert str(read(notice(VIETNAMESE, ticket=ticket))["subject"]).endswith(f"– {ticket.subject}")
    assert str(read(notice(ENGLISH, ticket=ticket))["subject"]).endswith(f"– {ticket.subject}")


def test_an_address_in_vietnamese_is_written_as_it_is() -> None:
    assert "\r\nTo: trực@đâu.vn\r\n".encode() in notice(VIETNAMESE, destination="trực@đâu.vn")


def test_a_page_of_a_run_says_why_it_began_and_how_to_acknowledge() -> None:
    run = UUID(int=5)
    begun = {
        "id": str(run),
        "cause": "manual:a",
        "metric": "manual",
        "cycle": 1,
        "reason": "Báo chí gọi",
        "began_at": "2026-03-02T09:00:00Z",
        "since": "2026-03-02T09:00:00Z",
        "terms": {"policy": "a", "version": 1},
    }
    runs = json.dumps([begun]).encode()
    alert, ticket = replace(ALERT, metric="manual", run=run), replace(TICKET, runs=Raw(runs))
    for manner, has_it in ((ENGLISH, "I have it: "), (VIETNAMESE, "Tôi nhận xử lý: ")):
        said = text(read(notice(manner, alert=alert, ticket=ticket)))
        assert "Báo chí gọi" in said
        (link,) = [line for line in said.splitlines() if line.startswith(has_it)]
        token = link.rpartition("/")[2]
        invited = read_link(token, b"s", ALERT.detected_at)
        assert invited is not None
        assert (invited.ticket, invited.run, invited.recipients) == (TICKET.id, run, ("agent:an",))
        assert read_link(token, b"other", ALERT.detected_at) is None
        assert read_link(token, b"s", ALERT.detected_at + timedelta(days=8)) is None
    told = json.loads(notice(ENGLISH, "webhook", "ops", alert=alert, ticket=ticket))["data"]
    assert told["reason"] == "Báo chí gọi"
    assert told["acknowledge_url"].startswith("https://tickets.shop.example/v1/escalations/")


@given(st.text() | st.binary().map(lambda found: found.hex()))
def test_whatever_stands_in_a_link_it_lets_nobody_in(token: str) -> None:
    assert read_link(token, b"s", START) is None


def test_instants_are_shown_with_their_offset() -> None:
    assert isinstance(TICKET.due_at, datetime)
    assert "Due: 2026-03-02 09:00:00+00:00" in text(read(notice(Manner())))
    assert "Hạn: 2026-03-02 16:00:00+07:00" in text(read(notice(VIETNAMESE)))


@pytest.mark.parametrize(
    ("languages", "expected"),
    [
        ((), "en"),
        (("vi",), "vi"),
        (("vi-VN", "en"), "vi"),
        (("EN-us", "vi"), "en"),
        (("ko", "vi"), "vi"),
        (("ko", "fr"), "en"),
        (("vie",), "en"),
    ],
)
def test_it_is_written_in_the_first_language_we_can_write(
    languages: tuple[str, ...], expected: Language
) -> None:
    assert spoken(Manner(languages)) == expected
