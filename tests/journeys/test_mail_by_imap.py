"""Mail fetched by IMAP from a real Dovecot: all of it, each once, flagged only after its commit."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest
from msgspec.structs import replace
from tests.dovecot import PASSWORD, USER, Dovecot, dovecot
from tests.faults.served import until
from tests.journeys.conftest import Shop

from tickets.adapters.imap import ImapFetcher
from tickets.adapters.imap_client import ImapClient, ImapTrouble, encoded
from tickets.application.arrivals.mail_places import Place
from tickets.application.arrivals.take_mail import TakeMail
from tickets.intake.mail_source import ImapSource
from tickets.persistence.mail_places import MailPlaces

WAITING = 10_000 if os.environ.get("TICKETS_TEST_LONG") else 120
PATIENCE = 900 if os.environ.get("TICKETS_TEST_LONG") else 60
LARGEST = 100_000


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as made:
        yield made


class Fetching:
    """Fetchers of the shop's mailbox, and what they counted."""

    def __init__(self, shop: Shop, server: Dovecot) -> None:
        self.shop = shop
        self.server = server
        self.counts: dict[str, int] = {}
        self.changed = asyncio.Event()
        self.source = ImapSource(
            host="127.0.0.1", port=server.port, tls="never", user=USER, password_env="MAIL_PASSWORD"
        )

    def fetcher(self, **other: object) -> ImapFetcher:
        """One, as a process of its own would have."""
        parts = self.shop.app.parts
        return ImapFetcher(
            "cskh",
            replace(self.source, **other),
            take=self.take(),
            places=MailPlaces(parts.engine, parts.new_id()),
            environment={"MAIL_PASSWORD": PASSWORD},
            largest=LARGEST,
            counted=self.count,
        )

    def take(self) -> TakeMail:
        return self.shop.app.parts.take_mail

    def count(self, _way: str, outcome: str) -> None:
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        self.changed.set()

    async def until(self, fetcher: ImapFetcher, **counts: int) -> None:
        """Fetch until so much was counted, then stop."""
        running = asyncio.create_task(fetcher.run())
        try:
            async with asyncio.timeout(PATIENCE):
                while not counts.items() <= self.counts.items():
                    await self.changed.wait()
                    self.changed.clear()
                await until(self.marked, "what was taken is marked")
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            await self.shop.app.engine.execute("UPDATE mail_fetch SET leased_until = $1", self.shop.instant)

    async def marked(self) -> bool:
        return self.server.folders()["INBOX"][0] <= self.counts.get("refused", 0)

    async def subjects(self) -> list[str]:
        rows = await self.shop.app.engine.fetch("SELECT subject FROM ticket ORDER BY subject")
        return [row[0] for row in rows]


@pytest.fixture
async def fetching(shop: Shop, server: Dovecot) -> Fetching:
    return Fetching(shop, server)


def mail(n: int, padding: int = 0) -> bytes:
    return (
        f"From: an{n}@khach.example\r\nTo: {USER}\r\nMessage-ID: <{n}@khach.example>\r\n"
        f"Subject: mail {n:05}\r\n\r\nhello {n}\r\n{'x' * padding}\r\n"
    ).encode()


async def test_every_waiting_mail_is_taken_once_and_only_then_marked(fetching: Fetching) -> None:
    for n in range(WAITING):
        fetching.server.put(mail(n))
    await fetching.until(fetching.fetcher(), taken=WAITING)
    assert await fetching.subjects() == [f"mail {n:05}" for n in range(WAITING)]
    assert fetching.server.folders()["INBOX"] == (0, WAITING)


async def test_new_mail_is_taken_while_we_idle(fetching: Fetching) -> None:
    fetching.server.put(mail(1))
    fetcher = fetching.fetcher()
    fetcher.wait = PATIENCE  # so that only IDLE can tell
    running = asyncio.create_task(fetcher.run())
    async with asyncio.timeout(PATIENCE / 2):
        await fetching.changed.wait()
        fetching.changed.clear()
        fetching.server.put(mail(2))
        await fetching.changed.wait()
    running.cancel()
    assert await fetching.subjects() == ["mail 00001", "mail 00002"]


async def test_a_server_that_restarts_in_the_middle_loses_and_doubles_nothing(fetching: Fetching) -> None:
    for n in range(60):
        fetching.server.put(mail(n))
    fetcher = fetching.fetcher()
    running = asyncio.create_task(fetcher.session())
    while fetching.counts.get("taken", 0) < 30:
        await fetching.changed.wait()
        fetching.changed.clear()
    await asyncio.to_thread(fetching.server.stop)
    with pytest.raises((ImapTrouble, OSError)):
        await running
    with pytest.raises((ImapTrouble, OSError)):
        await fetcher.session()
    await asyncio.to_thread(fetching.server.start)
    await fetching.until(fetcher)
    assert await fetching.subjects() == [f"mail {n:05}" for n in range(60)]


async def test_after_uids_have_changed_everything_is_looked_at_and_nothing_taken_twice(
    fetching: Fetching,
) -> None:
    for n in range(30):
        fetching.server.put(mail(n))
    await fetching.until(fetching.fetcher(), taken=30)
    await asyncio.to_thread(fetching.server.stop)
    fetching.server.renumber()
    for n in (30, 31):
        fetching.server.put(mail(n))
    await asyncio.to_thread(fetching.server.start)
    await fetching.until(fetching.fetcher(), taken=32, known=30)
    assert await fetching.subjects() == [f"mail {n:05}" for n in range(32)]
    assert await fetching.shop.app.engine.fetch_value("SELECT count(*) FROM envelope") == 32


async def test_killed_between_commit_and_mark_it_is_known_again(fetching: Fetching) -> None:
    fetching.server.put(mail(1))
    await fetching.take()("cskh", mail(1))
    await fetching.until(fetching.fetcher(), known=1)
    assert await fetching.subjects() == ["mail 00001"]
    assert fetching.server.folders()["INBOX"] == (0, 1)


async def test_taken_mail_is_moved_where_the_desk_says(fetching: Fetching) -> None:
    for n in range(3):
        fetching.server.put(mail(n))
    await fetching.until(fetching.fetcher(move_to="Đã nhận"), taken=3)
    found = fetching.server.folders()
    assert found["INBOX"] == (0, 0)
    assert sum(found[encoded("Đã nhận")]) == 3


async def test_a_mail_too_large_is_set_aside_and_holds_up_nobody(fetching: Fetching) -> None:
    for n, padding in enumerate((0, 2 * LARGEST, 0)):
        fetching.server.put(mail(n, padding))
    await fetching.until(fetching.fetcher(), taken=2, refused=1)
    assert await fetching.subjects() == ["mail 00000", "mail 00002"]
    page = await fetching.shop.get("/v1/envelopes?state=quarantined")
    (aside,) = page["items"]
    assert "more than 100000" in aside["reason"]
    assert fetching.server.folders()["INBOX"] == (1, 2)  # people may still find it there
    fetching.server.put(mail(3))
    await fetching.until(fetching.fetcher(), taken=3, refused=1)  # and it is not asked for again


async def test_one_process_fetches_at_a_time_and_another_takes_over(fetching: Fetching) -> None:
    first, second = fetching.fetcher(), fetching.fetcher()
    fetching.server.put(mail(1))
    running = asyncio.create_task(first.session())
    await fetching.changed.wait()
    assert not await second.session()
    running.cancel()
    fetching.shop.instant = fetching.shop.instant.replace(minute=5)
    fetching.server.put(mail(2))
    await fetching.until(second)
    assert await fetching.subjects() == ["mail 00001", "mail 00002"]


async def test_another_server_or_folder_begins_anew(fetching: Fetching) -> None:
    places = MailPlaces(fetching.shop.app.parts.engine, fetching.shop.new_id())
    now = fetching.shop.instant
    assert await places.claim("cskh", "a@x/INBOX", now, now) == Place()
    assert await places.move("cskh", Place(7, 9), now)
    assert await places.claim("cskh", "a@x/INBOX", now, now) == Place(7, 9)
    assert await places.claim("cskh", "a@y/INBOX", now, now) == Place()


async def test_what_keeps_us_out_is_said(fetching: Fetching) -> None:
    fetcher = fetching.fetcher()
    fetcher.environment = {}
    with pytest.raises(ImapTrouble, match="the environment has no MAIL_PASSWORD"):
        await fetcher.session()
    fetcher.environment = {"MAIL_PASSWORD": "falsch"}
    with pytest.raises(ImapTrouble, match="AUTHENTICATIONFAILED"):
        await fetcher.session()


@pytest.mark.parametrize(
    ("folder", "name"), [("INBOX", "INBOX"), ("Đã nhận", "&ARAA4w- nh&Hq0-n"), ("R&D", "R&-D")]
)
def test_names_of_folders_are_in_modified_utf_7(folder: str, name: str) -> None:
    assert encoded(folder) == name


async def test_a_server_that_lies_about_its_size_cannot_fill_our_memory() -> None:
    async def lie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK hello\r\n")
        await reader.readline()
        writer.write(b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n")
        await reader.readline()  # LOGOUT
        writer.close()

    listening = await asyncio.start_server(lie, "127.0.0.1", 0)
    client = await ImapClient.connect("127.0.0.1", listening.sockets[0].getsockname()[1], "never", LARGEST)
    with pytest.raises(ImapTrouble, match="99999999999 bytes"):
        await client.fetch(1)
    await client.close()
    listening.close()
