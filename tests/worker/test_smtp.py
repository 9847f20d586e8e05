"""Mail out, to a real SMTP server that obeys, refuses, wants a password, or is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from msgspec.structs import replace
from tests.worker.stage import Clock, delivery, put

from tickets.adapters.smtp import Mail, MailServer, NoMail, mail_server
from tickets.application.outbox.deliver import Dead, Outcome, Settled
from tickets.persistence.engine import Engine

MAIL = b"From: t@shop.example\r\nTo: an@shop.example\r\nSubject: hi\r\n\r\n.a line with a dot\r\n.\r\nend\r\n"


class Postman:
    """Takes mail, or answers RCPT and DATA with what it was given."""

    def __init__(self) -> None:
        self.at_rcpt = "250 OK"
        self.at_data = "250 OK"
        self.taken: list[Envelope] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.at_rcpt

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken.append(envelope)
        return self.at_data


@pytest.fixture
def postman() -> Postman:
    return Postman()


@asynccontextmanager
async def smtp_server(postman: Postman, **options: object) -> AsyncIterator[MailServer]:
    def session() -> SMTP:
        return SMTP(postman, hostname="mail.example", loop=loop, **options)  # type: ignore[arg-type]

    loop = asyncio.get_running_loop()
    listening = await loop.create_server(session, "127.0.0.1", 0)
    try:
        yield MailServer(host="127.0.0.1", port=listening.sockets[0].getsockname()[1])
    finally:
        listening.close()


@pytest.fixture
async def server(postman: Postman) -> AsyncIterator[MailServer]:
    async with smtp_server(postman) as made:
        yield made


def mail(server: MailServer) -> Mail:
    return Mail(server, "Máy Giặt & Co <bounces@shop.example>", timeout=timedelta(seconds=2))


async def test_the_stored_bytes_arrive_as_they_are(server: MailServer, postman: Postman) -> None:
    assert await mail(server).send("an@shop.example", uuid4(), MAIL) == Outcome.sent()
    (envelope,) = postman.taken
    assert envelope.content == MAIL
    assert envelope.mail_from == "bounces@shop.example"
    assert envelope.rcpt_tos == ["an@shop.example"]


RETURNS = [(b"<cskh@shop.example>", "cskh@shop.example"), (b"<>", "<>")]


@pytest.mark.parametrize(("path", "sender"), RETURNS)
async def test_bounces_go_where_the_mail_says_and_that_line_stays_here(
    server: MailServer, postman: Postman, path: bytes, sender: str
) -> None:
    await mail(server).send("an@shop.example", uuid4(), b"Return-Path: " + path + b"\r\n" + MAIL)
    (envelope,) = postman.taken
    assert (envelope.mail_from, envelope.content) == (sender, MAIL)


REPLIES = [("550 no such person", "refused"), ("450 greylisted", "failed"), ("452 full", "failed")]


@pytest.mark.parametrize(("reply", "kind"), REPLIES)
async def test_a_5xx_is_final_and_a_4xx_is_not(
    server: MailServer, postman: Postman, reply: str, kind: str
) -> None:
    postman.at_data = reply
    at_data = await mail(server).send("an@shop.example", uuid4(), MAIL)
    assert (at_data.kind, at_data.reason) == (kind, reply)
    postman.at_rcpt = reply
    at_rcpt = await mail(server).send("an@shop.example", uuid4(), MAIL)
    assert (at_rcpt.kind, at_rcpt.reason) == (kind, reply)
    assert at_rcpt.answered == (kind == "failed")  # of one mailbox: the mail server itself is well


async def test_an_address_smtp_cannot_carry_is_refused_before_anything_is_said(server: MailServer) -> None:
    for address in ("an@shop.example\r\nRCPT TO:<x@y>", "ân@shop.example", "a b@c"):
        assert (await mail(server).send(address, uuid4(), MAIL)).kind == "refused"


async def test_nobody_listening_is_trouble_that_may_pass() -> None:
    outcome = await mail(MailServer(host="127.0.0.1", port=1)).send("an@shop.example", uuid4(), MAIL)
    assert outcome.kind == "failed"


async def test_a_server_that_cannot_encrypt_though_it_must_gets_no_mail(
    server: MailServer, postman: Postman
) -> None:
    encrypted = replace(server, tls="starttls")
    assert (await mail(encrypted).send("an@shop.example", uuid4(), MAIL)).kind == "failed"
    assert postman.taken == []


def check_password(
    _server: SMTP, _session: Session, _envelope: Envelope, _way: str, given: object
) -> AuthResult:
    assert isinstance(given, LoginPassword)
    return AuthResult(success=given.password == b"p@ss", handled=False)


@pytest.mark.parametrize(("password", "kind"), [("p@ss", "sent"), ("wrong", "failed")])
async def test_a_wrong_password_is_the_operators_to_repair_not_the_end_of_the_mail(
    postman: Postman, password: str, kind: str
) -> None:
    asking = {"authenticator": check_password, "auth_require_tls": False}
    async with smtp_server(postman, **asking) as server:
        known = replace(server, user="me", password=password)
        assert (await mail(known).send("an@shop.example", uuid4(), MAIL)).kind == kind


async def test_a_server_that_is_gone_after_it_took_the_mail_does_not_get_it_twice() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        for reply in (b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            await reader.readline()
            writer.write(reply)
        await reader.readuntil(b"\r\n.\r\n")
        writer.write(b"250 taken\r\n")
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server = MailServer(host="127.0.0.1", port=listening.sockets[0].getsockname()[1])
    assert await mail(server).send("an@shop.example", uuid4(), b"Subject: x\r\n\r\nx\r\n") == Outcome.sent()
    listening.close()


async def test_through_the_outbox(engine: Engine, clock: Clock, server: MailServer, postman: Postman) -> None:
    row = await put(engine, way="email", destination="an@shop.example", body=MAIL)
    assert await delivery(engine, clock, email=mail(server))(row) == Settled()
    assert [envelope.content for envelope in postman.taken] == [MAIL]


async def test_without_a_server_the_row_is_dead_and_says_why(engine: Engine, clock: Clock) -> None:
    row = await put(engine, way="email", destination="an@shop.example", body=MAIL)
    reason = "no mail server is configured (TICKETS_SMTP_URL)"
    assert await delivery(engine, clock, email=NoMail())(row) == Dead(reason)


def test_a_server_by_its_url() -> None:
    plain = mail_server("smtp://mail.example")
    assert (plain.host, plain.port, plain.user, plain.tls) == ("mail.example", 25, None, "offered")
    both = mail_server("smtps://me%40x:p%40ss@mail.example")
    assert (both.port, both.user, both.password, both.tls) == (465, "me@x", "p@ss", "always")
    assert mail_server("smtp+starttls://mail.example:2525").port == 2525
    assert "p@ss" not in repr(both)
    for wrong in ("http://mail.example", "smtp://", "mail.example"):
        with pytest.raises(ValueError, match="an SMTP server is"):
            mail_server(wrong)
