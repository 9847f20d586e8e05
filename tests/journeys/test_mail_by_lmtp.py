"""Mail handed over by LMTP or SMTP: 250 only after commit, an answer for each recipient, nothing lost."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.journeys.conftest import Shop

from tickets.adapters.lmtp import LmtpServer

SHOP, NOBODY = "cskh@shop.example.vn", "nobody@shop.example.vn"
LARGEST = 500_000
MAIL = b"From: An <an@khach.example>\r\nMessage-ID: <1@khach.example>\r\nSubject: hi\r\n\r\n.dot\r\nhello\r\n"


class Handing:
    """A mail server that hands over to the shop."""

    def __init__(self, server: LmtpServer, where: str) -> None:
        self.server = server
        self.host, _, port = where.rpartition(":")
        self.port = int(port)
        self.counts: list[str] = []

    async def over(
        self, raw: bytes, *to: str, sender: str = "an@khach.example", kind: type[smtplib.SMTP] = smtplib.LMTP
    ) -> dict[str, tuple[int, bytes]]:
        """What was refused, by recipient."""

        def send() -> dict[str, tuple[int, bytes]]:
            with kind(self.host, self.port, timeout=20) as client:
                try:
                    return client.sendmail(sender, list(to), raw)
                except smtplib.SMTPRecipientsRefused as refused:
                    return refused.recipients
                except smtplib.SMTPResponseException as refused:
                    return dict.fromkeys(to, (refused.smtp_code, refused.smtp_error))  # type: ignore[arg-type]

        return await asyncio.to_thread(send)


@pytest.fixture
async def handing(shop: Shop) -> AsyncIterator[Handing]:
    counts: list[str] = []
    server = LmtpServer(shop.app.parts.take_mail, LARGEST, lambda _way, outcome: counts.append(outcome))
    made = Handing(server, await server.start("127.0.0.1:0"))
    made.counts = counts
    yield made
    await server.close()


async def tickets(shop: Shop) -> int:
    found: int = await shop.app.engine.fetch_value("SELECT count(*) FROM ticket")
    return found


@pytest.mark.parametrize("kind", [smtplib.LMTP, smtplib.SMTP])
async def test_a_mail_that_was_taken_is_a_ticket(
    shop: Shop, handing: Handing, kind: type[smtplib.SMTP]
) -> None:
    assert await handing.over(MAIL, SHOP, kind=kind) == {}
    assert await tickets(shop) == 1
    assert await shop.app.engine.fetch_value("SELECT text FROM message") == ".dot\nhello"
    assert handing.counts == ["taken"]


async def test_the_same_mail_again_is_the_same_ticket(shop: Shop, handing: Handing) -> None:
    for to in (SHOP, SHOP, "CSKH+x@shop.example.vn"):
        assert await handing.over(MAIL, to) == {}
    said = await _speak(handing, [SHOP, "cskh+a@shop.example.vn"], MAIL)
    assert [line[:3] for line in said] == ["250", "250"]
    assert await tickets(shop) == 1


async def test_each_recipient_has_an_answer(shop: Shop, handing: Handing) -> None:
    refused = await handing.over(MAIL, SHOP, NOBODY)
    assert {address: code for address, (code, _) in refused.items()} == {NOBODY: 550}
    assert await tickets(shop) == 1


async def test_a_null_sender_and_an_unreadable_mail_are_kept_too(shop: Shop, handing: Handing) -> None:
    assert await handing.over(MAIL, SHOP, sender="") == {}
    assert await shop.app.engine.fetch_value("SELECT automatic FROM message")
    assert await handing.over(b"\0\xff" * 100, SHOP) == {}
    assert await shop.app.engine.fetch_value("SELECT count(*) FROM envelope") == 2


async def test_a_long_line_is_no_reason_to_lose_a_mail(shop: Shop, handing: Handing) -> None:
    assert await handing.over(MAIL + b"y" * 300_000 + b"\r\n", SHOP) == {}
    assert await tickets(shop) == 1


async def test_a_mail_too_large_is_refused_for_good_whether_announced_or_not(
    shop: Shop, handing: Handing
) -> None:
    large = MAIL + (b"z" * 900 + b"\r\n") * 1_000
    assert (await handing.over(large, SHOP))[SHOP][0] == 552
    said = await _speak(handing, [SHOP, "cskh+a@shop.example.vn"], large)
    assert [line[:3] for line in said] == ["552", "552"]  # one answer for each, else the sender waits
    assert await tickets(shop) == 0


async def _speak(handing: Handing, to: list[str], raw: bytes) -> list[str]:
    """LMTP by hand, without announcing a size."""
    reader, writer = await asyncio.open_connection(handing.host, handing.port)
    await reader.readline()
    for line in ("LHLO me", "MAIL FROM:<a@b.example>", *(f"RCPT TO:<{each}>" for each in to), "DATA"):
        writer.write(line.encode() + b"\r\n")
        while (await reader.readline())[3:4] == b"-":
            pass
    writer.write(raw + b".\r\n")
    async with asyncio.timeout(60):
        said = [(await reader.readline()).decode() for _ in to]
    writer.close()
    return said


async def test_while_the_database_is_away_the_sender_keeps_the_mail(shop: Shop, handing: Handing) -> None:
    engine = shop.app.engine
    assert engine.pool is not None
    await engine.pool.expire_connections()
    pool, engine.pool = engine.pool, None
    engine.pool = _Away()
    try:
        refused = await handing.over(MAIL, SHOP)
    finally:
        engine.pool = pool
    assert refused[SHOP][0] == 451
    assert handing.counts == ["deferred"]
    assert await handing.over(MAIL, SHOP) == {}
    assert await tickets(shop) == 1


class _Away:
    """A pool whose database is gone."""

    def __getattr__(self, _name: str) -> object:
        raise ConnectionRefusedError("the database is away")


async def test_a_unix_socket_will_do(shop: Shop, tmp_path: Path) -> None:
    where = str(tmp_path / "lmtp")
    servers = [LmtpServer(shop.app.parts.take_mail, LARGEST, lambda *_: None) for _ in range(2)]
    for server in servers:  # the second finds the socket of the first, as after a kill
        assert await server.start(where) == where

    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.LMTP(where) as client:
            return client.sendmail("a@b.example", [SHOP], MAIL)

    assert await asyncio.to_thread(send) == {}
    for server in servers:
        await server.close()
