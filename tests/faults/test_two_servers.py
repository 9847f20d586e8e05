"""Two servers on one database: one assignee a ticket, nobody above capacity, nothing twice."""

import asyncio
import itertools
import os
import random
from pathlib import Path

import asyncpg
import httpx
from tests.faults.order import must_be_in_order
from tests.faults.served import PATIENCE, Served, shops, until

TICKETS = 10_000 if os.environ.get("TICKETS_TEST_LONG") else 600
"""10,000 tickets take minutes: only when asked for."""

AGENTS = ("sales-lead", "sales-hn-1", "sales-dn-1", "sales-hcm-1", "delivery-lead", "delivery-hn-1")
REGIONS = ("vn-hn", "vn-dn", "vn-hcm", None)


class Bustle:
    """People at work on both servers at once; chance is seeded."""

    def __init__(self, both: list[httpx.AsyncClient]) -> None:
        self.turn = itertools.cycle(both)
        self.chance = random.Random(7)  # noqa: S311 - no secret
        self.numbers = iter(range(TICKETS))
        self.opened = 0
        self.solved = 0

    async def open_tickets(self) -> None:
        """One of the clients that write."""
        for number in self.numbers:
            body = {
                "subject": f"Yêu cầu {number}",
                "external_id": str(number),
                "region": REGIONS[number % len(REGIONS)],
                "fields": {"topic": "delivery"} if number % 3 == 0 else {},
                "tags": ["drill"] if number % 50 == 0 else [],
                "customer": {"email": f"customer-{number % 40}@example.com"},
            }
            answer = await next(self.turn).post("/v1/tickets", json=body)
            if answer.status_code == 503:  # others kept writing first: ask again
                answer = await next(self.turn).post("/v1/tickets", json=body)
            assert answer.status_code == 201, answer.text
            self.opened += 1

    async def solve_what_is_assigned(self) -> None:
        """Agents who get things done."""
        while True:
            page = await next(self.turn).get("/v1/tickets?status=open&limit=50")
            for line in page.raise_for_status().json()["items"]:
                if line["assignee"] is not None:
                    answer = await next(self.turn).post(f"/v1/tickets/{line['id']}/solve")
                    assert answer.status_code in (200, 503), answer.text
                    self.solved += answer.status_code == 200
            await asyncio.sleep(0.05)

    async def come_and_go(self) -> None:
        """Agents who take breaks."""
        while True:
            for presence in ("away", "online"):
                agent = self.chance.choice(AGENTS)
                path = f"/v1/agents/{agent}/presence"
                (await next(self.turn).put(path, json={"presence": presence})).raise_for_status()
                await asyncio.sleep(0.05)

    async def watch(self) -> None:
        """Somebody who looks whether anybody has too much to do."""
        while True:
            agents = (await next(self.turn).get("/v1/agents")).raise_for_status().json()
            assert [agent for agent in agents if agent["load"] > agent["capacity"]] == []
            await asyncio.sleep(0.05)


async def test_two_servers_never_step_on_each_other(tmp_path: Path, database_url: str) -> None:
    shared = {"TICKETS_DATABASE_URL": database_url}
    one, two = Served(tmp_path / "one", shared), Served(tmp_path / "two", shared)
    async with (
        shops(one, two) as client,
        httpx.AsyncClient(base_url=two.url, headers=client.headers, timeout=PATIENCE) as other,
    ):
        bustle = Bustle([client, other])
        async with asyncio.TaskGroup() as people:
            busy = [
                people.create_task(work)
                for work in (bustle.solve_what_is_assigned(), bustle.come_and_go(), bustle.watch())
            ]
            writers = [people.create_task(bustle.open_tickets()) for _ in range(6)]
            await asyncio.gather(*writers)
            solved_by_then = bustle.solved

            async def solving() -> bool:
                return bustle.solved >= min(solved_by_then + 50, TICKETS)

            await until(solving, "tickets are solved while agents come and go")
            for task in busy:
                task.cancel()
    database = await asyncpg.connect(database_url)
    try:
        assert await database.fetchval("SELECT count(*) FROM ticket") == TICKETS
        assert await database.fetchval("SELECT count(*) FROM customer") == 40
        assert bustle.opened == TICKETS
        await must_be_in_order(database)
    finally:
        await database.close()
