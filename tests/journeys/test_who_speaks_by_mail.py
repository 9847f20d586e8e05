"""Forged references, guessed numbers, strangers in copy, agents' names: none reaches a ticket. Bounces do."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.journeys.conftest import Shop, opened
from tests.journeys.test_answers_by_mail import CUSTOMER, OPTIONS, deliver, leaving, mail, reply

from tickets.intake import message_id, reply_address

AGENT = "warranty-lead"
VOUCHED = "mx.shop.example.vn; dmarc=pass (p=REJECT) header.from=shop.example.vn"


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose mail server checks senders, and whose agents may answer by mail."""
    async with opened(database_url, tmp_path, OPTIONS) as made:
        box = {
            "address": "cskh@shop.example.vn",
            "language": "vi",
            "trusts": ["mx.shop.example.vn"],
            "agents_reply": True,
        }
        answer = await made.client.put("/v1/desk/mailboxes/cskh", json=box)
        assert answer.status_code < 300, answer.text
        yield made


async def begun(shop: Shop) -> tuple[str, EmailMessage]:
    """A ticket by mail, and the reply the customer got."""
    ticket = (await deliver(shop, mail()))["ticket"]
    await reply(shop, ticket)
    return ticket, (await leaving(shop))[-1]


async def said(shop: Shop, ticket: str) -> list[dict[str, Any]]:
    """What was said on a ticket."""
    items: list[dict[str, Any]] = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]
    return items


def from_agent(letter: EmailMessage, **headers: str) -> bytes:
    """An agent's answer to what the customer got."""
    address = f"Bảo hành <{AGENT}@shop.example.vn>"
    given = {"From": address, "Message_ID": "<agent@shop.example.vn>", "In_Reply_To": letter["Message-ID"]}
    return mail("Re: Máy giặt", **{**given, **headers})


async def apart(shop: Shop, raw: bytes, ticket: str, related: str | None) -> None:
    """It opened a ticket of its own and left the other as it was."""
    before = len(await said(shop, ticket))
    other = (await deliver(shop, raw, 201))["ticket"]
    assert other != ticket
    assert (await shop.get(f"/v1/tickets/{other}"))["related_to"] == related
    assert len(await said(shop, ticket)) == before


async def test_a_forged_reference_reaches_no_ticket(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    forged = message_id(UUID(ticket), UUID(int=1), "shop.example.vn", b"not our secret")
    raw = mail("Re: Máy giặt", From="kẻ lạ <mallory@evil.example>", Message_ID="<f@evil>", References=forged)
    await apart(shop, raw, ticket, None)
    stolen = mail(From="mallory@evil.example", Message_ID="<g@evil>", References="<one@khach.example>")
    await apart(shop, stolen, ticket, ticket)
    overheard = mail(From="mallory@evil.example", Message_ID="<h@evil>", References=letter["Message-ID"])
    await apart(shop, overheard, ticket, ticket)


async def test_a_guessed_number_reaches_no_ticket_and_links_to_none(shop: Shop) -> None:
    ticket, _ = await begun(shop)
    number = (await shop.get(f"/v1/tickets/{ticket}"))["number"]
    raw = mail(f"Re: Máy giặt [#{number}]", From="mallory@evil.example", Message_ID="<n@evil>")
    await apart(shop, raw, ticket, None)


async def test_the_number_in_a_subject_leads_the_customer_back(shop: Shop) -> None:
    ticket, _ = await begun(shop)
    number = (await shop.get(f"/v1/tickets/{ticket}"))["number"]
    raw = mail(f"Trả lời: máy giặt [#{number}]", Message_ID="<n@khach.example>")
    assert (await deliver(shop, raw, 200))["ticket"] == ticket


async def test_a_guessed_address_reaches_no_ticket_and_a_keyed_one_only_for_its_customer(shop: Shop) -> None:
    ticket, _ = await begun(shop)
    secret = shop.app.parts.porter.secret
    keyed = reply_address(UUID(ticket), "cskh@shop.example.vn", secret)
    guessed = reply_address(UUID(ticket), "cskh@shop.example.vn", b"guessed")
    await apart(shop, mail(From="m@evil.example", Message_ID="<a@evil>", To=guessed), ticket, None)
    await apart(shop, mail(From="m@evil.example", Message_ID="<b@evil>", To=keyed), ticket, ticket)
    own = await deliver(shop, mail("Còn nữa", Message_ID="<c@khach.example>", To=keyed), 200)
    assert own["ticket"] == ticket


async def test_a_stranger_in_copy_does_not_become_the_customer(shop: Shop) -> None:
    ticket = (await deliver(shop, mail(Cc="Bình <binh@khach.example>")))["ticket"]
    await reply(shop, ticket)
    letter = (await leaving(shop))[-1]
    raw = mail(
        "Re: Máy giặt",
        From="Bình <binh@khach.example>",
        Message_ID="<binh@khach.example>",
        References=letter["Message-ID"],
    )
    await apart(shop, raw, ticket, ticket)
    assert (await shop.get(f"/v1/tickets/{ticket}"))["customer"]["name"] == "Nguyễn An"


async def test_a_customers_address_spoofed_is_nobody_where_the_server_says_so(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    verdict = "mx.shop.example.vn; dmarc=fail header.from=khach.example"
    raw = mail(
        "Re: Máy giặt",
        Message_ID="<s@evil>",
        References=letter["Message-ID"],
        Authentication_Results=verdict,
    )
    await apart(shop, raw, ticket, ticket)


async def test_an_agents_mail_is_their_reply_and_reaches_the_customer(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": AGENT})
    before = len(await leaving(shop))
    await deliver(shop, from_agent(letter, Authentication_Results=VOUCHED), 200)
    last = (await said(shop, ticket))[-1]
    assert (last["kind"], last["author"]) == ("public_reply", f"agent:{AGENT}")
    letters = await leaving(shop)
    assert len(letters) == before + 1
    assert CUSTOMER in letters[-1]["To"]


@pytest.mark.parametrize(
    "verdict",
    [
        None,
        "mx.evil.example; dmarc=pass header.from=shop.example.vn",
        "mx.shop.example.vn; dmarc=pass header.from=evil.example",
        "mx.shop.example.vn; dmarc=none header.from=shop.example.vn",
        "mx.shop.example.vn; spf=pass smtp.mailfrom=shop.example.vn",
        "mx.shop.example.vn; dkim=pass header.d=evil.example",
        "mx.shop.example.vn; dkim=fail (dmarc=pass header.from=shop.example.vn)",
        'mx.shop.example.vn; dkim=fail reason="; dmarc=pass header.from=shop.example.vn"',
    ],
)
async def test_an_agents_address_spoofed_is_a_stranger(shop: Shop, verdict: str | None) -> None:
    ticket, letter = await begun(shop)
    await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": AGENT})
    headers = {} if verdict is None else {"Authentication_Results": verdict}
    await apart(shop, from_agent(letter, **headers), ticket, ticket)


async def test_the_newest_verdict_of_a_server_is_the_only_one_that_counts(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": AGENT})
    newest = b"Authentication-Results: mx.shop.example.vn; dmarc=none header.from=shop.example.vn\r\n"
    raw = newest + from_agent(letter, Authentication_Results=VOUCHED)
    await apart(shop, raw, ticket, ticket)


async def test_two_authors_are_none(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": AGENT})
    raw = from_agent(letter, Authentication_Results=VOUCHED)
    await apart(shop, raw.replace(b"\n\n", b"\nFrom: mallory@evil.example\n\n", 1), ticket, ticket)


async def test_an_agent_of_another_team_has_no_say(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.tick()
    team = (await shop.get(f"/v1/tickets/{ticket}"))["team"]
    stranger = "delivery-lead" if team == "sales" else "sales-lead"
    other = f"{stranger}@shop.example.vn"
    raw = from_agent(letter, From=other, Authentication_Results=VOUCHED)
    if team is None:
        pytest.fail("the sample desk gives every mail a team")
    await apart(shop, raw, ticket, ticket)


async def test_an_agents_out_of_office_is_no_reply(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.client.post(f"/v1/tickets/{ticket}/assign", json={"agent": AGENT})
    before = len(await leaving(shop))
    raw = from_agent(letter, Authentication_Results=VOUCHED, Auto_Submitted="auto-replied")
    await deliver(shop, raw, 200)
    assert (await said(shop, ticket))[-1]["kind"] == "internal_note"
    assert len(await leaving(shop)) == before


def bounced(letter: EmailMessage, status: str = "5.1.1", action: str = "failed") -> bytes:
    """What the customer's server says of a reply of ours (RFC 3464)."""
    return (
        "From: MAILER-DAEMON@khach.example\r\nTo: cskh@shop.example.vn\r\nReturn-Path: <>\r\n"
        f"Message-ID: <{action}{status}@khach.example>\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\n\r\nYour mail could not be delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; khach.example\r\n\r\n"
        f"Final-Recipient: rfc822; {CUSTOMER}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {letter['Message-ID']}\r\n--b--\r\n"
    ).encode()


async def test_a_reply_that_bounced_is_told_on_the_ticket_and_wakes_it(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.post(f"/v1/tickets/{ticket}/status", {"status": "pending"}, status=200)
    assert (await deliver(shop, bounced(letter), 200))["ticket"] == ticket
    shown = await shop.get(f"/v1/tickets/{ticket}")
    assert shown["status"] == "open"
    note = (await said(shop, ticket))[-1]
    assert (note["kind"], note["author"], note["automatic"]) == ("internal_note", "mail", True)
    events = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    (told,) = (event for event in events if event["type"] == "mail_returned")
    assert told["data"]["recipients"] == [CUSTOMER]
    assert told["data"]["final"] is True
    assert told["data"]["reason"] == "5.1.1 550 no such user"
    replies = [one["id"] for one in await said(shop, ticket) if one["kind"] == "public_reply"]
    assert told["data"]["returned_message"] in replies


async def test_an_address_whose_mail_came_back_gets_no_more_receipts(shop: Shop) -> None:
    _, letter = await begun(shop)
    await deliver(shop, bounced(letter), 200)
    await deliver(shop, mail("Khác", Message_ID="<other@khach.example>"), 201)
    assert len(await leaving(shop, "receipt")) == 1  # the first ticket's


async def test_a_delay_is_told_and_changes_nothing(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    await shop.post(f"/v1/tickets/{ticket}/status", {"status": "pending"}, status=200)
    await deliver(shop, bounced(letter, "4.4.1", "delayed"), 200)
    assert (await shop.get(f"/v1/tickets/{ticket}"))["status"] == "pending"
    assert "mail_returned" in await shop.events(ticket)


async def test_a_bounce_nobody_can_prove_marks_no_address(shop: Shop) -> None:
    ticket, letter = await begun(shop)
    forged = bounced(letter).replace(letter["Message-ID"].encode(), b"<guessed@shop.example.vn>")
    await apart(shop, forged, ticket, None)
    rows = await shop.app.engine.fetch("SELECT address FROM mail_address WHERE bounced_at IS NOT NULL")
    assert not rows


async def test_what_servers_found_out_about_a_sender_is_kept_with_the_message(shop: Shop) -> None:
    ticket = (await deliver(shop, mail(Authentication_Results="mx.other.example; spf=softfail")))["ticket"]
    (origin,) = (
        await shop.app.engine.fetch(
            "SELECT origin->'verdicts' FROM message WHERE ticket_id = $1", UUID(ticket)
        )
    )[0]
    assert b'"softfail"' in bytes(origin)
    assert b"true" not in bytes(origin)
