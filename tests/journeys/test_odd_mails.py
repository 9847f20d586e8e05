"""Mails that others lose, double or choke on, through the real door: each has a name here."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.conftest import Shop, opened
from tests.journeys.test_answers_by_mail import OPTIONS, deliver, leaving, mail, reply

from tickets.intake.mime_text import ATTACHMENTS_LIMIT

SALES = "banhang@shop.example.vn"


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop with two mailboxes that can send mail."""
    async with opened(database_url, tmp_path, OPTIONS) as made:
        put = await made.client.put("/v1/desk/mailboxes/banhang", json={"address": SALES})
        assert put.is_success, put.text
        yield made


async def arrive(shop: Shop, mailbox: str, raw: bytes) -> tuple[int, str]:
    """A mail handed to a mailbox: how it was answered, and its ticket."""
    answer = await shop.client.post(
        f"/v1/intake/inbox/{mailbox}", content=raw, headers={"Content-Type": "message/rfc822"}
    )
    return answer.status_code, answer.json()["ticket"]


async def messages(shop: Shop, ticket: str) -> list[dict[str, Any]]:
    """What was said on a ticket."""
    items: list[dict[str, Any]] = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]
    return items


async def test_the_same_mail_to_two_mailboxes_is_a_ticket_of_each_and_the_second_names_the_first(
    shop: Shop,
) -> None:
    """Each team has promised its own; neither loses it, and whoever looks sees both."""
    raw = mail(To=f"cskh@shop.example.vn, {SALES}")
    one, other = await arrive(shop, "cskh", raw), await arrive(shop, "banhang", raw)
    assert [one[0], other[0]] == [201, 201]
    assert one[1] != other[1]
    assert (await shop.get(f"/v1/tickets/{other[1]}"))["related_to"] == one[1]
    again = [await arrive(shop, box, b"Received: again\r\n" + raw) for box in ("cskh", "banhang")]
    assert again == [(200, one[1]), (200, other[1])]
    assert [len(await messages(shop, ticket)) for _, ticket in again] == [1, 1]


async def test_an_answer_to_all_of_our_mailboxes_is_one_message(shop: Shop) -> None:
    ticket = (await deliver(shop, mail()))["ticket"]
    await reply(shop, ticket)
    (letter,) = await leaving(shop)
    raw = mail(
        "Re: Máy giặt",
        To="cskh@shop.example.vn",
        Cc=SALES,
        Message_ID="<all@khach.example>",
        In_Reply_To=letter["Message-ID"],
    )
    for box in ("cskh", "banhang", "banhang", "cskh"):
        assert await arrive(shop, box, raw) == (200, ticket)
    assert [each["kind"] for each in await messages(shop, ticket)] == [
        "customer_message",
        "public_reply",
        "customer_message",
    ]


async def test_another_mail_under_a_used_message_id_is_not_lost(shop: Shop) -> None:
    first = (await deliver(shop, mail()))["ticket"]
    same_id = mail("Chuyện khác").replace(b"Ch\xc3\xa0o shop", b"Xin ch\xc3\xa0o")
    ticket = (await deliver(shop, same_id, 200))["ticket"]  # of the same customer: it joins
    assert ticket == first
    assert len(await messages(shop, first)) == 2
    strange = mail("Chuyện khác nữa", From="la@evil.example")
    other = (await deliver(shop, strange))["ticket"]
    assert other != first
    assert (await shop.get(f"/v1/tickets/{other}"))["related_to"] == first
    assert len(await messages(shop, first)) == 2


@pytest.mark.parametrize(
    "date", ["Thu, 1 Jan 1970 00:00:00 +0000", "Mon, 1 Jan 2035 09:00:00 +0700", "hôm qua"]
)
async def test_a_date_of_another_age_moves_no_promise(shop: Shop, date: str) -> None:
    raw = b"Date: " + date.encode() + b"\r\n" + mail()
    ticket = await shop.get(f"/v1/tickets/{(await deliver(shop, raw))['ticket']}")
    assert ticket["opened_at"] == shop.instant.isoformat().replace("+00:00", "Z")
    (clock, *_) = (await shop.get(f"/v1/tickets/{ticket['id']}/sla"))["clocks"]
    assert clock["due_at"] > ticket["opened_at"]
    (message,) = await messages(shop, ticket["id"])
    year = date.split()[3] if "," in date else None
    assert (message["written_at"] or "")[:4] == (year or "")


async def test_null_bytes_are_kept_out_of_texts_and_in_the_envelope(shop: Shop) -> None:
    raw = b"From: \0An <an@khach.example>\r\nSubject: m\0ay\r\n\r\nh\0i\r\n"
    ticket = (await deliver(shop, raw))["ticket"]
    shown = await shop.get(f"/v1/tickets/{ticket}")
    assert "\0" not in str(shown)
    assert await shop.app.engine.fetch_value("SELECT body FROM envelope") == raw


async def test_thirty_megabytes_are_a_ticket_and_more_is_refused_before_it_is_read(shop: Shop) -> None:
    largest = shop.app.parts.largest_body
    head = b"From: an@khach.example\r\nSubject: 30 MB\r\n\r\n"
    line = b"a line of seventy-eight characters, such as people's mail programs write them.\r\n"
    raw = head + line * ((largest - len(head)) // len(line))
    assert len(raw) > 30_000_000
    ticket = (await deliver(shop, raw))["ticket"]
    (message,) = await messages(shop, ticket)
    assert message["text"].startswith("a line of")
    answer = await shop.client.post(
        "/v1/intake/inbox/cskh", content=raw + line * 2, headers={"Content-Type": "message/rfc822"}
    )
    assert answer.status_code == 413, answer.text


async def test_thousands_of_parts_are_a_ticket_with_as_many_files_as_one_can_look_at(shop: Shop) -> None:
    part = b'--B\r\nContent-Type: image/png; name="a.png"\r\n\r\nhi\r\n'
    raw = b"From: an@khach.example\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n"
    ticket = (await deliver(shop, raw + part * 5_000 + b"--B--\r\n"))["ticket"]
    assert len(await messages(shop, ticket)) == 1
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM attachment") == ATTACHMENTS_LIMIT
