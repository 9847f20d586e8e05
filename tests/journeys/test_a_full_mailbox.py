"""A mailbox full of mail, fetched while its server restarts and loses its UIDs: all of it, each once.

A small one in every run; `TICKETS_TEST_LONG=1` takes 10,000 mails, 4,000 of them real.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest
from tests.dovecot import Dovecot, dovecot
from tests.faults.served import until
from tests.journeys.conftest import Shop
from tests.journeys.test_every_mail import SETS, members
from tests.journeys.test_mail_by_imap import Fetching, mail

from tickets.adapters.imap import ImapFetcher
from tickets.adapters.imap_client import ImapTrouble

LONG = bool(os.environ.get("TICKETS_TEST_LONG"))
WAITING, REAL = (10_000, 4_000) if LONG else (150, 50)
PATIENCE = 1_800 if LONG else 120


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as made:
        yield made


def mails() -> Iterator[bytes]:
    """Real ones first, then ours; every one another."""
    seen: set[bytes] = set()
    for name in SETS:
        for _, raw in members(name):
            if len(seen) < REAL and raw.strip() and len(raw) < 90_000:
                seen.add(raw.replace(b"\r\n", b"\n").replace(b"\0", b" "))
    yield from seen
    for number in range(WAITING - len(seen)):
        yield mail(number)


@asynccontextmanager
async def fetched(fetcher: ImapFetcher) -> AsyncIterator[None]:
    """Somebody who fetches, through whatever comes between, until the block ends."""

    async def persist() -> None:
        while True:
            with suppress(ImapTrouble, OSError):
                await fetcher.session()
            await asyncio.sleep(0.05)

    running = asyncio.create_task(persist())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_full_mailbox_comes_in_whole_through_restarts_and_new_uids(
    shop: Shop, server: Dovecot
) -> None:
    fetching = Fetching(shop, server)
    fetcher = fetching.fetcher()
    fetcher.wait = PATIENCE  # so that only IDLE can tell of the last one
    waiting = list(mails())
    for raw in waiting:
        server.put(raw)
    began = time.monotonic()

    async def taken(least: float) -> None:
        async with asyncio.timeout(PATIENCE):
            while fetching.counts.get("taken", 0) < least:
                await fetching.changed.wait()
                fetching.changed.clear()

    async with fetched(fetcher):
        await taken(WAITING / 3)
        await asyncio.to_thread(server.stop)
        await asyncio.to_thread(server.start)
        await taken(2 * WAITING / 3)
        await asyncio.to_thread(server.stop)
        server.renumber()
        await asyncio.to_thread(server.start)
        await taken(WAITING)
        took = time.monotonic() - began
        await until(fetching.marked, "all are marked")
        server.put(mail(WAITING))
        await taken(WAITING + 1)
        await until(fetching.marked, "the last is marked")
    print(f"{WAITING} mails in {took:.0f} s, {WAITING / took:.0f} a second; {fetching.counts}")  # noqa: T201
    ours = {mail(number) for number in range(WAITING)}
    await must_be_there_once(shop, server, fetching, sum(raw in ours for raw in waiting))


async def must_be_there_once(shop: Shop, server: Dovecot, fetching: Fetching, made: int) -> None:
    """Each mail is one envelope; what became of each; all are marked."""
    fetch = shop.app.engine.fetch
    (kept,) = await fetch("SELECT count(*), count(DISTINCT digest) FROM envelope")
    assert tuple(kept) == (WAITING + 1, WAITING + 1)
    assert fetching.counts["taken"] == WAITING + 1
    assert fetching.counts["known"] >= 2 * WAITING // 3 - 25  # all it had before the UIDs changed
    bad = await fetch("SELECT state, reason FROM envelope WHERE state <> 'accepted' OR ticket_id IS NULL")
    assert bad == []
    subjects = await fetch("SELECT subject FROM ticket WHERE subject ~ '^mail [0-9]{5}$' ORDER BY subject")
    numbers = [*range(made), WAITING]
    assert [row[0] for row in subjects] == [f"mail {number:05}" for number in numbers]
    assert server.folders()["INBOX"] == (0, WAITING + 1)
