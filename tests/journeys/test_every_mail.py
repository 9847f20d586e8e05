"""Every mail of every set goes in by the real door: none is lost or refused, replies find their ticket."""

import asyncio
import email
import os
import tarfile
from collections.abc import Iterator
from email.policy import compat32
from email.utils import mktime_tz, parseaddr, parsedate_tz
from pathlib import Path

import pytest
from msgspec import Struct
from tests.journeys.conftest import Shop

DATA = Path(os.environ.get("TICKETS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "mail"
SETS = sorted(path.name.removesuffix(".tar.gz") for path in DATA.glob("*.tar.gz"))
QUARANTINE: dict[str, str] = {}
"""What no reader could read, by name, and why: nothing, of all sets."""

pytestmark = pytest.mark.skipif(not SETS and not os.environ.get("CI"), reason=f"no mail sets at {DATA}")


def members(name: str) -> Iterator[tuple[str, bytes]]:
    """The files of a set."""
    with tarfile.open(DATA / f"{name}.tar.gz") as mails:
        for member in mails:
            if (file := mails.extractfile(member)) is not None:
                yield member.name, file.read()


async def deliver(shop: Shop, raw: bytes) -> str:
    """One mail; its ticket."""
    answer = await shop.client.post(
        "/v1/intake/inbox/cskh", content=raw, headers={"Content-Type": "message/rfc822"}
    )
    assert answer.status_code in {200, 201}, (answer.status_code, answer.text, raw[:500])
    return str(answer.json()["ticket"])


async def deliver_all(shop: Shop, mails: list[bytes]) -> None:
    """Eight at a time."""
    at_once = asyncio.Semaphore(8)

    async def one(raw: bytes) -> None:
        async with at_once:
            await deliver(shop, raw)

    await asyncio.gather(*(one(raw) for raw in mails))


async def states(shop: Shop) -> dict[str, int]:
    """How many envelopes are in which state."""
    rows = await shop.app.engine.fetch("SELECT state, count(*) FROM envelope GROUP BY state")
    return {str(state): int(count) for state, count in rows}


@pytest.mark.parametrize("name", [name for name in SETS if name != "spamassassin_1"])
async def test_every_mail_of_a_set_is_taken_in(shop: Shop, name: str) -> None:
    mails = [raw for _, raw in members(name)]
    await deliver_all(shop, mails)
    assert await states(shop) == {"accepted": len(mails)}
    assert [reason for reason in QUARANTINE if reason.startswith(name)] == []


class Seen(Struct):
    """What Python's own reader says of a mail: who wrote it, under which id, in answer to what, when."""

    sender: str
    own: str
    before: tuple[str, ...]
    at: float


def seen(raw: bytes) -> Seen:
    """The independent reading."""
    found = email.message_from_bytes(raw, policy=compat32)
    ids = f"{found.get('In-Reply-To', '')} {found.get('References', '')}".replace("<", " <").split()
    date = parsedate_tz(str(found.get("Date", "")))
    return Seen(
        sender=parseaddr(str(found.get("From", "")))[1].lower(),
        own=str(found.get("Message-ID", "")).strip(),
        before=tuple(each for each in ids if each.startswith("<") and each.endswith(">")),
        at=mktime_tz(date) if date else 0,
    )


async def test_real_replies_land_in_their_parents_ticket_and_strangers_beside_it(shop: Shop) -> None:
    """On mailing lists most replies are strangers': a new ticket, linked. One's own follow-up joins."""
    mails = [raw for name, raw in members("spamassassin_1") if "ham" in name]
    read = sorted(((seen(raw), raw) for raw in mails), key=lambda pair: pair[0].at)
    tickets: dict[str, str] = {}
    opener: dict[str, str] = {}
    joined = linked = 0
    for mail, raw in read:
        known = {tickets[each] for each in mail.before if each in tickets}
        own = {ticket for ticket in known if opener[ticket] == mail.sender}
        ticket = await deliver(shop, raw)
        if own:
            assert ticket in own, (mail, known)
            joined += 1
        elif known and ticket not in opener:
            related = (await shop.get(f"/v1/tickets/{ticket}"))["related_to"]
            assert related in known, (mail, known)
            linked += 1
        opener.setdefault(ticket, mail.sender)
        tickets.setdefault(mail.own, ticket)
    assert (joined, linked) > (10, 100), (joined, linked)
    assert (await states(shop)).keys() == {"accepted"}


async def test_every_spam_is_taken_in(shop: Shop) -> None:
    mails = [raw for name, raw in members("spamassassin_1") if "spam-1" in name]
    await deliver_all(shop, mails)
    assert await states(shop) == {"accepted": len(mails)}
