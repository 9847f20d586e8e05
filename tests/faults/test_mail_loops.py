"""Machines that answer machines: two of us, and people who are away. Each exchange ends by itself."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from email.utils import make_msgid
from pathlib import Path

import asyncpg
import httpx
import pytest
from tests.database import TestServer
from tests.faults.internet import Internet, author_of, internet
from tests.faults.served import Served, free_port, shops, until

from tickets.application.answers.receipt import MOST

MARKS = (
    "return-path",
    "auto-submitted",
    "x-auto-response-suppress",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
THREAD = ("message-id", "in-reply-to", "references", "subject")


class House:
    """One shop: a whole server with a mailbox, its mail going out into the internet and coming in by SMTP."""

    def __init__(self, domain: str, client: httpx.AsyncClient, database: asyncpg.Connection) -> None:
        self.domain = domain
        self.client = client
        self.database = database

    async def mailbox(self, name: str) -> str:
        """A mailbox of this shop, receipts on; its address."""
        address = f"{name}@{self.domain}"
        answer = await self.client.put(f"/v1/desk/mailboxes/{name}", json={"address": address})
        assert answer.is_success, answer.text
        return address

    async def write_to(self, address: str, mailbox: str) -> None:
        """An agent opens a ticket for a customer and says something."""
        body = {"subject": "Báo giá", "customer": {"email": address}}
        ticket = (await self.client.post("/v1/tickets", json=body)).raise_for_status().json()["id"]
        put = await self.client.put("/v1/desk/settings/desk", json={"country": "VN", "mailbox": mailbox})
        put.raise_for_status()
        said = {"kind": "public_reply", "text": "Gửi anh báo giá."}
        (await self.client.post(f"/v1/tickets/{ticket}/messages", json=said)).raise_for_status()

    async def pending(self) -> int:
        """Mails that have yet to leave."""
        found: int = await self.database.fetchval(
            "SELECT count(*) FROM outbox WHERE way = 'email' AND state = 'pending'"
        )
        return found


@asynccontextmanager
async def house(domain: str, folder: Path, postgres: TestServer, world: Internet) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        url = await postgres.create()
        stack.push_async_callback(postgres.drop, url)
        world.doors[domain] = free_port()
        options = {
            "TICKETS_DATABASE_URL": url,
            "TICKETS_LMTP": f"127.0.0.1:{world.doors[domain]}",
            "TICKETS_SMTP_URL": f"smtp://127.0.0.1:{world.port}",
            "TICKETS_MAIL_FROM": f"tickets@{domain}",
        }
        client = await stack.enter_async_context(shops(Served(folder / domain, options)))
        database = await asyncpg.connect(url)
        stack.push_async_callback(database.close)
        yield House(domain, client, database)


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[Internet]:
    async with internet() as made:
        yield made


@pytest.fixture(scope="module")
async def both(
    world: Internet, templated_postgres: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[House, House]]:
    folder = tmp_path_factory.mktemp("loops")
    async with (
        house("an.example", folder, templated_postgres, world) as one,
        house("binh.example", folder, templated_postgres, world) as other,
    ):
        yield one, other


async def silence(world: Internet, *houses: House) -> None:
    """Wait until nobody has anything to say any more."""

    async def silent() -> bool:
        before = world.carried.total()
        await world.rest()
        left = [await each.pending() for each in (*houses, *houses)]
        return not any(left) and world.carried.total() == before

    await until(silent, "the exchange ends")


async def tickets_of(house: House, address: str) -> int:
    found: int = await house.database.fetchval(
        "SELECT count(*) FROM ticket JOIN customer_identity USING (customer_id) WHERE value = $1", address
    )
    return found


LOSSES = [
    ("nothing", (), 2, (1, 1)),
    ("marks", MARKS, 2, (1, 1)),
    ("threads", THREAD, 2, (2, 1)),
    ("everything", MARKS + THREAD, 1 + 2 * MOST, (1 + MOST, 1 + MOST)),
]


@pytest.mark.parametrize(("name", "lost", "mails", "tickets"), LOSSES, ids=[row[0] for row in LOSSES])
async def test_two_of_us_who_answer_each_other_stop(
    world: Internet,
    both: tuple[House, House],
    name: str,
    lost: tuple[str, ...],
    mails: int,
    tickets: tuple[int, int],
) -> None:
    one, other = both
    ours, theirs = await one.mailbox(name), await other.mailbox(name)
    world.robbed = lost
    await one.write_to(theirs, name)
    await until(lambda: heard(world, theirs), "the first mail arrives")
    await silence(world, one, other)
    carried = {path: count for path, count in world.carried.items() if set(path) == {ours, theirs}}
    assert sum(carried.values()) == mails
    assert (await tickets_of(one, theirs), await tickets_of(other, ours)) == tickets


async def heard(world: Internet, address: str) -> bool:
    return any(to == address for _, to in world.carried)


def away(world: Internet, person: str, *marks: str) -> None:
    """From now on somebody is out of office: their machine answers whatever comes, marked or not."""

    async def answer(sender: str, raw: bytes) -> None:
        to = sender or author_of(raw)
        lines = (
            f"From: {person}",
            f"To: {to}",
            f"Message-ID: {make_msgid(domain='khach.example')}",
            "Subject: Re: your mail",
            *marks,
        )
        await world.send(person, to, ("\r\n".join(lines) + "\r\n\r\nI am in Sa Pa.\r\n").encode())

    world.people[person] = answer


AWAY = [("polite", ("Auto-Submitted: auto-replied",), 2), ("dumb", (), 1 + MOST)]


@pytest.mark.parametrize(("name", "marks", "tickets"), AWAY, ids=[row[0] for row in AWAY])
async def test_somebody_who_is_out_of_office_stops(
    world: Internet, both: tuple[House, House], name: str, marks: tuple[str, ...], tickets: int
) -> None:
    one, _ = both
    ours, person = await one.mailbox(name), f"{name}@khach.example"
    world.robbed = ()
    away(world, person, *marks)
    raw = f"From: {person}\r\nTo: {ours}\r\nMessage-ID: <{name}@khach.example>\r\nSubject: hi\r\n\r\nhi\r\n"
    await world.send(person, ours, raw.encode())
    await until(lambda: heard(world, person), "the receipt arrives")
    await silence(world, one)
    assert world.carried[ours, person] == tickets - 1  # receipts
    assert world.carried[person, ours] == tickets
    assert await tickets_of(one, person) == tickets
