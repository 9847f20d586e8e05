"""Machines are recognised, people are not taken for machines."""

import pytest

from tickets.intake import Mailbox, read_mail

MAILBOX = Mailbox(key="help", address="help@desk.example")


def mail(*fields: str, sender: str = "khach@shop.example", body: str = "Xin chào") -> bytes:
    return "\r\n".join([f"From: {sender}", "Message-ID: <1@shop.example>", *fields, "", body]).encode()


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated; owner-email=x",
        "Precedence: Bulk",
        "X-Auto-Response-Suppress: OOF, AutoReply",
        "X-Auto-Response-Suppress: All",
        "X-Loop: help@desk.example",
        "Return-Path: <>",
        "List-Id: <news.shop.example>",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=x",
        "Subject: Trả lời tự động: Đơn hàng",
        "Subject: Automatic reply: order",
        "Subject: Tự động trả lời: nghỉ phép",
    ],
)
def test_a_machine_says_so(field: str) -> None:
    body = "--x\r\n\r\nfailed\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nStatus: 5\r\n--x--"
    assert read_mail(mail(field, body=body), MAILBOX, b"s").automatic


@pytest.mark.parametrize(
    "field",
    [
        "Auto-Submitted: no",
        "Precedence: first-class",
        "Return-Path: <khach@shop.example>",
        "Subject: Re: delivery of my sofa",
        "Subject: My mail box is broken",
        "X-Auto-Response-Suppress: DR, RN",
        "Subject: Delivery problem: the sofa was not delivered",
        "Subject: Vắng mặt khi giao hàng",
        "Subject: Không gửi được hàng",
    ],
)
def test_a_person_is_a_person(field: str) -> None:
    assert not read_mail(mail(field), MAILBOX, b"s").automatic


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "noreply@shop.example", "help@desk.example"])
def test_daemons_and_we_ourselves_are_machines(sender: str) -> None:
    assert read_mail(mail(sender=sender), MAILBOX, b"s").automatic
