"""Agents' answering machines, and notices that come back: a ticket of theirs would alert them again."""

from collections.abc import AsyncIterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from uuid import UUID

import pytest
from tests.journeys.conftest import Shop, opened

from tickets.intake import message_id

SHOP = "cskh@shop.example.vn"
OPTIONS = {"TICKETS_SMTP_URL": "smtp://127.0.0.1:1", "TICKETS_MAIL_FROM": f"Shop <{SHOP}>"}
"""Alerts come from the mailbox itself, so whatever answers them reaches it."""


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(database_url, tmp_path, OPTIONS) as made:
        yield made


class Away:
    """Everybody's answering machine: it answers each mail we send, with these header fields."""

    def __init__(self, shop: Shop, *marks: str, threads: bool) -> None:
        self.shop = shop
        self.marks = marks
        self.threads = threads
        self.answered = 0

    async def answer(self) -> None:
        """Answer what has left since the last time."""
        rows = await self.shop.app.engine.fetch(
            "UPDATE outbox SET state = 'settled' WHERE way = 'email' AND state = 'pending'"
            " RETURNING body, destination"
        )
        for body, address in rows:
            self.answered += 1
            await self.shop.app.parts.take_mail("cskh", self.reply(body, address))

    def reply(self, body: bytes, address: str) -> bytes:
        """What the machine says."""
        heard = message_from_bytes(body, policy=default)
        lines = [f"From: {address}", f"To: {SHOP}", f"Message-ID: <{self.answered}@away>", "Subject: Re: hi"]
        lines += [f"In-Reply-To: {heard['Message-ID']}"] if self.threads else []
        return "\r\n".join([*lines, *self.marks, "", "I am in Sa Pa."]).encode()

    async def through(self, days: int) -> None:
        """Time passes, and they answer every hour."""
        for _ in range(days * 24):
            await self.shop.pass_time(hours=1)
            await self.answer()


async def tickets(shop: Shop) -> int:
    found: int = await shop.app.engine.fetch_value("SELECT count(*) FROM ticket")
    return found


MACHINES = [
    ("marked", ("Auto-Submitted: auto-replied",), True),
    ("unmarked", (), True),
    ("without a thread", ("Auto-Submitted: auto-replied",), False),
]


@pytest.mark.parametrize(
    ("marks", "threads"), [row[1:] for row in MACHINES], ids=[row[0] for row in MACHINES]
)
async def test_agents_who_are_away_make_no_work_of_their_alerts(
    shop: Shop, marks: tuple[str, ...], *, threads: bool
) -> None:
    body = {"subject": "Máy giặt", "priority": "urgent"}
    ticket = (await shop.post("/v1/tickets", body))["id"]
    away = Away(shop, *marks, threads=threads)
    await away.through(days=3)
    assert away.answered > 5
    said = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]
    assert await tickets(shop) == 1
    if threads:
        assert {(each["kind"], each["author"]) for each in said[1:]} == {("internal_note", "mail")}
        assert len(said) == away.answered + 1


class Dead(Away):
    """Their mailboxes are gone: each mail comes back, with a copy of its header."""

    def reply(self, body: bytes, address: str) -> bytes:
        """What the server says that could not deliver it (RFC 3464)."""
        return (
            (
                f"From: MAILER-DAEMON@shop.example.vn\r\nTo: {SHOP}\r\nReturn-Path: <>\r\n"
                f"Message-ID: <{self.answered}@dead>\r\nSubject: Undelivered Mail\r\n"
                'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
                "--b\r\n\r\nYour mail could not be delivered.\r\n"
                "--b\r\nContent-Type: message/delivery-status\r\n\r\n"
                f"Final-Recipient: rfc822; {address}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
                "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
            ).encode()
            + body.partition(b"\r\n\r\n")[0]
            + b"\r\n--b--\r\n"
        )


async def test_alerts_that_come_back_are_told_on_their_ticket_and_mark_no_customer(shop: Shop) -> None:
    body = {"subject": "Máy giặt", "priority": "urgent", "customer": {"email": "an@khach.example"}}
    ticket = (await shop.post("/v1/tickets", body))["id"]
    await shop.pass_time(hours=1)
    await shop.post(f"/v1/tickets/{ticket}/status", {"status": "pending"}, status=200)
    dead = Dead(shop, threads=False)
    await dead.answer()
    assert dead.answered > 0
    assert await tickets(shop) == 1
    said = (await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]
    assert [each["text"] for each in said[1:]] == ["Your mail could not be delivered."] * dead.answered
    assert (await shop.get(f"/v1/tickets/{ticket}"))["status"] == "pending"
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM mail_address") == 0


async def test_a_guessed_notice_opens_a_ticket_like_any_other_mail(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "Máy giặt"}))["id"]
    guessed = message_id(UUID(ticket), UUID(int=1), "shop.example.vn", b"guessed", "notice")
    raw = (
        f"From: m@evil.example\r\nMessage-ID: <1@evil>\r\nIn-Reply-To: {guessed}\r\nSubject: hi\r\n\r\nhi\r\n"
    )
    await shop.app.parts.take_mail("cskh", raw.encode())
    assert await tickets(shop) == 2
    assert len((await shop.get(f"/v1/tickets/{ticket}/messages"))["items"]) == 1


@pytest.mark.parametrize("alerted", ["sales-lead@shop.example.vn", "manager@shop.example.vn"])
async def test_an_answering_machine_on_no_ticket_is_kept_where_people_look(shop: Shop, alerted: str) -> None:
    raw = f"From: {alerted}\r\nAuto-Submitted: auto-replied\r\nSubject: away\r\n\r\nI am in Sa Pa.\r\n"
    await shop.app.parts.take_mail("cskh", raw.encode())
    assert await tickets(shop) == 0
    (kept,) = (await shop.get("/v1/envelopes?state=quarantined"))["items"]
    assert "an automatic mail of somebody alerts go to" in kept["reason"]
