"""A mail server hands mail over by LMTP while we are killed and started again: each is there exactly once."""

import asyncio
import os
import random
from pathlib import Path

import asyncpg
from tests.faults.mail_queue import SHOP, MailQueue
from tests.faults.served import Served, free_port, shops, until
from tests.faults.test_killed_in_the_middle import database_of

BLOWS = 50 if os.environ.get("TICKETS_TEST_LONG") else 5
SENDERS = 4


def mail(name: str, answers: str | None = None) -> bytes:
    """A mail of a customer of its own name; perhaps one more on what they wrote before."""
    customer = name.removesuffix("-more")
    thread = f"In-Reply-To: <{answers}@khach.example>\r\n" if answers else ""
    return (
        f"From: Khách <{customer}@khach.example>\r\nTo: {SHOP}\r\nMessage-ID: <{name}@khach.example>\r\n"
        f"{thread}Subject: about {customer}\r\n\r\n{name}\r\n"
    ).encode()


async def keep_writing(queue: MailQueue, sender: int, enough: asyncio.Event) -> None:
    """Customer after customer; every second one has something to add once the first mail was taken."""
    number = 0
    while not enough.is_set():
        number += 1
        name = f"{sender}-{number}"
        await queue.deliver(name, mail(name))
        if number % 2 == 0:
            await queue.deliver(f"{name}-more", mail(f"{name}-more", answers=name))


async def must_be_there_once(database: asyncpg.Connection, accepted: list[str]) -> None:
    """Every accepted mail is one message; what a dead server had only kept is understood in half a minute."""
    await database.execute(
        "UPDATE envelope SET received_at = received_at - interval '30 seconds' WHERE state = 'received'"
    )

    async def understood() -> bool:
        return not await database.fetchval("SELECT count(*) FROM envelope WHERE state = 'received'")

    await until(understood, "what was left behind is understood")
    assert await database.fetch("SELECT reason FROM envelope WHERE state = 'quarantined'") == []
    there = await database.fetch(
        "SELECT text, subject, ticket_id FROM message JOIN ticket ON ticket.id = ticket_id"
    )
    assert sorted(row["text"] for row in there) == sorted(accepted)
    assert {row["subject"] for row in there} == {f"about {name.removesuffix('-more')}" for name in accepted}


async def test_every_mail_that_was_taken_is_there_once_however_often_we_die(tmp_path: Path) -> None:
    door = free_port()
    server = Served(tmp_path, {"TICKETS_LMTP": f"127.0.0.1:{door}"})
    chance = random.Random(50)  # noqa: S311 - no secret
    async with shops(server):
        queue, enough = MailQueue(door), asyncio.Event()
        async with asyncio.TaskGroup() as senders:
            for sender in range(SENDERS):
                senders.create_task(keep_writing(queue, sender, enough))
            for _ in range(BLOWS):
                before = len(queue.taken)

                async def busy(least: int = before + chance.randint(4, 40)) -> bool:
                    return len(queue.taken) >= least

                await until(busy, "mails are taken")
                await server.kill()
                await server.start()
            enough.set()
        async with database_of(server) as database:
            await must_be_there_once(database, queue.taken)
    said = f"{len(queue.taken)} mails, {queue.tries.total()} tries, {queue.in_doubt} of them left in doubt"
    print(f"{BLOWS} kills, {said}")  # noqa: T201 - for `-s`
