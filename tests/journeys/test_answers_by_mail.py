"""What agents say reaches customers by mail, in their thread; receipts too, and never to machines."""

from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.conftest import Shop, opened
from tests.journeys.test_dead_deliveries import Post

from tickets.intake import ticket_of_message_id

OPTIONS = {"TICKETS_SMTP_URL": "smtp://127.0.0.1:1", "TICKETS_PUBLIC_URL": "https://desk.example"}
CUSTOMER = "an@khach.example"
WIDE = default.clone(max_line_length=990)
"""Python encodes Message-IDs longer than a line, which is wrong and which no mail program does."""


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop that can send mail."""
    async with opened(database_url, tmp_path, OPTIONS) as made:
        yield made


def mail(subject: str = "Máy giặt kêu to", **headers: str) -> bytes:
    """A mail as the customer wrote it."""
    made = EmailMessage()
    made["From"] = f"Nguyễn An <{CUSTOMER}>"
    made["To"] = "cskh@shop.example.vn"
    made["Subject"] = subject
    made["Message-ID"] = "<one@khach.example>"
    for name, value in headers.items():
        del made[name.replace("_", "-")]
        made[name.replace("_", "-")] = value
    made.set_content("Chào shop, máy giặt của tôi kêu to quá.")
    return made.as_bytes(policy=WIDE)


async def deliver(shop: Shop, raw: bytes, status: int = 201) -> dict[str, Any]:
    """The mail server hands a mail over."""
    answer = await shop.client.post(
        "/v1/intake/inbox/cskh", content=raw, headers={"Content-Type": "message/rfc822"}
    )
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def leaving(shop: Shop, wanted: str = "message") -> list[EmailMessage]:
    """The mails that stand in the outbox because of a reply or a receipt, oldest first."""
    rows = await shop.app.engine.fetch(
        "SELECT body FROM outbox WHERE way = 'email' AND cause ? $1 ORDER BY id", wanted
    )
    return [message_from_bytes(body, policy=default) for (body,) in rows]


def text_of(letter: EmailMessage, kind: str = "plain") -> str:
    """What a reader sees."""
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def reply(shop: Shop, ticket: str, **body: object) -> dict[str, Any]:
    """An agent answers."""
    said = {"kind": "public_reply", "text": "Chào anh An,\n\nmai chúng tôi đến <xem>.", **body}
    return await shop.post(f"/v1/tickets/{ticket}/messages", said)


async def test_a_reply_stands_in_the_customers_thread_and_its_answer_finds_back(shop: Shop) -> None:
    raw = mail(References="<zero@khach.example>")
    ticket = (await deliver(shop, raw))["ticket"]
    await reply(shop, ticket)
    (letter,) = await leaving(shop)
    assert letter["To"] == f"Nguyễn An <{CUSTOMER}>"
    assert letter["From"] == "Chăm sóc khách hàng <cskh@shop.example.vn>"
    assert letter["Subject"] == "Re: Máy giặt kêu to [#1]"
    assert letter["In-Reply-To"] == "<one@khach.example>"
    root, *before = letter["References"].split()
    assert before == ["<zero@khach.example>", "<one@khach.example>"]
    secret = shop.app.parts.porter.secret
    for ours in (letter["Message-ID"], root):
        assert str(ticket_of_message_id(ours, secret)) == ticket
    assert letter["Auto-Submitted"] is None
    plain, html = text_of(letter), text_of(letter, "html")
    assert "mai chúng tôi đến <xem>." in plain
    assert "mai chúng tôi đến &lt;xem&gt;." in html

    answer = mail("Re: Máy giặt", Message_ID="<two@khach.example>", In_Reply_To=letter["Message-ID"])
    assert (await deliver(shop, answer, 200))["ticket"] == ticket
    await reply(shop, ticket, text="Vâng ạ.")
    assert (await leaving(shop))[-1]["In-Reply-To"] == "<two@khach.example>"


async def test_an_answer_to_a_ticket_that_was_merged_comes_to_the_one_in_which_it_goes_on(shop: Shop) -> None:
    ticket = (await deliver(shop, mail()))["ticket"]
    await reply(shop, ticket)
    (letter,) = await leaving(shop)
    other = (await deliver(shop, mail("Máy giặt lại kêu", Message_ID="<again@khach.example>")))["ticket"]
    await shop.post(f"/v1/tickets/{ticket}/merge", {"into": other}, status=200)
    for n, headers in enumerate(
        (
            {"In_Reply_To": letter["Message-ID"]},
            {"In_Reply_To": "<one@khach.example>"},
            {"Subject": letter["Subject"]},
        )
    ):
        answer = mail(Message_ID=f"<m{n}@khach.example>", **headers)
        assert (await deliver(shop, answer, 200))["ticket"] == other
    assert (await shop.get(f"/v1/tickets/{ticket}"))["status"] == "closed"


async def test_a_reply_carries_files_and_html_that_is_made_harmless(shop: Shop) -> None:
    ticket = (await deliver(shop, mail()))["ticket"]
    file = {"name": "hóa đơn.pdf", "media_type": "application/pdf", "content": "JVBERg=="}
    odd = {"name": "thư", "media_type": "message/rfc822", "content": "WA=="}
    await reply(shop, ticket, html="<b>Chào</b><script>x()</script>", attachments=[file, odd])
    (letter,) = await leaving(shop)
    pdf, closed = letter.iter_attachments()
    assert (pdf.get_filename(), pdf.get_content_type(), pdf.get_content()) == (
        "hóa đơn.pdf",
        "application/pdf",
        b"%PDF",
    )
    assert (closed.get_content_type(), closed.get_content()) == ("application/octet-stream", b"X")
    html = text_of(letter, "html")
    assert "<b>Chào</b>" in html
    assert "script" not in html


async def test_a_form_is_answered_from_the_desks_mailbox(shop: Shop) -> None:
    form = {"name": "An", "email": CUSTOMER, "message": "Giao hàng khi nào?", "topic": "delivery"}
    ticket = (await shop.post("/v1/intake/forms/support", form))["ticket"]
    assert await leaving(shop, "receipt") == []  # anybody may give anybody's address
    await reply(shop, ticket)
    (letter,) = await leaving(shop)
    assert (letter["From"].addresses[0].addr_spec, letter["To"].addresses[0].addr_spec) == (
        "cskh@shop.example.vn",
        CUSTOMER,
    )
    answer = mail("Re: hỏi", References=letter["Message-ID"])
    assert (await deliver(shop, answer, 200))["ticket"] == ticket


async def test_a_customer_without_an_address_is_not_answered_and_the_history_says_so(shop: Shop) -> None:
    call = {"event": "missed", "call_id": "c1", "at": shop.instant.isoformat(), "from": "0901234567"}
    ticket = (await shop.post("/v1/intake/hotline/1900", call))["ticket"]
    await reply(shop, ticket)
    said = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    (added,) = [line["data"] for line in said if line["type"] == "message_added"]
    assert added["unsent"] == "the customer has no e-mail address"
    assert await leaving(shop) == []


async def test_a_mailbox_signs_and_asks_for_answers_at_the_tickets_own_address(shop: Shop) -> None:
    body = {
        "address": "cskh@shop.example.vn",
        "name": "Shop",
        "signature": "Shop Máy Giặt\n1900 0000",
        "plus_address": True,
    }
    put = await shop.client.put("/v1/desk/mailboxes/cskh", json=body)
    assert put.status_code == 200, put.text
    ticket = (await deliver(shop, mail()))["ticket"]
    await reply(shop, ticket)
    (letter,) = await leaving(shop)
    plain = text_of(letter)
    assert plain.endswith("\n\n-- \nShop Máy Giặt\n1900 0000\n")
    to = letter["Reply-To"].addresses[0].addr_spec
    assert to.startswith("cskh+")
    stripped = mail("Hỏi thêm", Message_ID="<x@khach.example>", To=to)
    assert (await deliver(shop, stripped, 200))["ticket"] == ticket


async def test_what_has_left_stands_in_the_history_and_leaves_the_agent_in_step(shop: Shop) -> None:
    ticket = (await deliver(shop, mail()))["ticket"]
    epoch = (await reply(shop, ticket))["epoch"]
    await Post(shop).empty()
    lines = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    told = [line["data"] for line in lines if line["type"] == "delivered"]
    assert [("message" in each, "receipt" in each, each["destination"]) for each in told] == [
        (False, True, CUSTOMER),
        (True, False, CUSTOMER),
    ]
    assert (await shop.get(f"/v1/tickets/{ticket}"))["epoch"] == epoch
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200, headers={"If-Match": f'"{epoch}"'})


async def test_who_writes_gets_a_receipt_in_the_same_transaction(shop: Shop) -> None:
    await deliver(shop, mail())
    (receipt,) = await leaving(shop, "receipt")
    assert receipt["Auto-Submitted"] == "auto-replied"
    assert receipt["In-Reply-To"] == "<one@khach.example>"
    assert receipt["Return-Path"] == "<>"
    plain = text_of(receipt)
    assert "Xin chào Nguyễn An," in plain
    assert "#1" in plain
    again = mail("Còn nữa", Message_ID="<b@khach.example>", In_Reply_To=receipt["Message-ID"])
    await deliver(shop, again, 200)
    assert len(await leaving(shop, "receipt")) == 1


MACHINES = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated"},
    {"Precedence": "bulk"},
    {"X_Auto_Response_Suppress": "All"},
    {"List_Id": "<news.example>"},
    {"Return_Path": "<>"},
    {"From": "MAILER-DAEMON@khach.example"},
    {"From": "cskh@shop.example.vn"},
    {"From": "cskh+x@shop.example.vn"},
]


@pytest.mark.parametrize("headers", MACHINES, ids=str)
async def test_no_machine_gets_a_receipt(shop: Shop, headers: dict[str, str]) -> None:
    await deliver(shop, mail(**headers))
    assert await leaving(shop, "receipt") == []


async def test_an_old_folder_fetched_for_the_first_time_sends_no_receipts(shop: Shop) -> None:
    """Nobody is thanked in March for a mail of January; one from this morning is."""
    for written, told in (
        ("Sun, 18 Jan 2026 09:00:00 +0700", "receipt_withheld"),
        ("Mon, 02 Mar 2026 08:59:00 +0700", "receipt_sent"),
        ("Sun, 02 Mar 2036 09:00:00 +0700", "receipt_sent"),
        ("nobody knows", "receipt_sent"),
    ):
        ticket = (
            await deliver(
                shop, mail(written, Date=written, Message_ID=f"<{abs(hash(written))}@khach.example>")
            )
        )["ticket"]
        assert told in await shop.events(ticket), written


async def test_a_machine_that_does_not_say_so_gets_five_receipts_a_day(shop: Shop) -> None:
    for n in range(8):
        ticket = (await deliver(shop, mail(f"Báo động {n}", Message_ID=f"<{n}@khach.example>")))["ticket"]
    assert len(await leaving(shop, "receipt")) == 5
    assert "receipt_withheld" in await shop.events(ticket)
    await shop.pass_time(hours=25)
    await deliver(shop, mail("Hôm sau", Message_ID="<next@khach.example>"))
    assert len(await leaving(shop, "receipt")) == 6


async def test_who_follows_the_link_gets_no_more_receipts_but_still_gets_answers(shop: Shop) -> None:
    await deliver(shop, mail())
    (receipt,) = await leaving(shop, "receipt")
    link = receipt["List-Unsubscribe"].strip("<>").removeprefix("https://desk.example")
    assert receipt["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stranger = {"headers": {"Authorization": ""}}
    asked = await shop.client.get(link, **stranger)  # type: ignore[arg-type]
    assert (asked.status_code, CUSTOMER in asked.text) == (200, True)
    forged = await shop.client.post(link[:-3] + "abc", **stranger)  # type: ignore[arg-type]
    assert forged.status_code == 404
    await deliver(shop, mail("Hai", Message_ID="<b@khach.example>"))
    assert len(await leaving(shop, "receipt")) == 2  # asking and forging stopped nothing
    done = await shop.client.post(link, data={"List-Unsubscribe": "One-Click"}, **stranger)  # type: ignore[arg-type]
    assert done.status_code == 200, done.text
    ticket = (await deliver(shop, mail("Ba", Message_ID="<c@khach.example>")))["ticket"]
    assert len(await leaving(shop, "receipt")) == 2
    await reply(shop, ticket)
    assert len(await leaving(shop)) == 1


async def test_a_mailbox_may_say_it_in_its_own_words_or_not_at_all(shop: Shop) -> None:
    box = {"address": "cskh@shop.example.vn", "receipt_text": "Chào{name}! Phiếu {number}: {subject}"}
    assert (await shop.client.put("/v1/desk/mailboxes/cskh", json=box)).status_code == 200
    await deliver(shop, mail())
    (receipt,) = await leaving(shop, "receipt")
    plain = text_of(receipt)
    assert plain.startswith("Chào Nguyễn An! Phiếu 1: Máy giặt kêu to\n")
    wrong = await shop.client.put("/v1/desk/mailboxes/cskh", json=box | {"receipt_text": "{nam} {"})
    assert wrong.status_code == 422
    wrong = await shop.client.put("/v1/desk/mailboxes/cskh", json=box | {"receipt_text": "{nam}"})
    (fault,) = wrong.json()["errors"]
    assert (fault["pointer"], "'name'" in fault["detail"]) == ("/receipt_text", True)
    box["receipts"] = False  # type: ignore[assignment]
    assert (await shop.client.put("/v1/desk/mailboxes/cskh", json=box)).status_code == 200
    await deliver(shop, mail("Hai", Message_ID="<b@khach.example>"))
    assert len(await leaving(shop, "receipt")) == 1


async def test_without_a_mail_server_no_receipt_is_promised(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path, {}) as shop:
        await deliver(shop, mail())
        assert await leaving(shop, "receipt") == []
