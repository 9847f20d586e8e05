"""The server is killed while it recomputes: the next one goes on; no ticket is done twice or forgotten."""

import asyncio
from pathlib import Path

from tests.faults.served import Served, shops
from tests.faults.test_killed_in_the_middle import database_of

TICKETS = 300
AT_ONCE = 20
STRICTER = {
    "order": 100,
    "calendar": "office",
    "escalation": "standard",
    "targets": [{"metric": "first_response", "budget": "PT1H"}, {"metric": "resolution", "budget": "P3D"}],
}


async def test_a_recompute_goes_on_where_the_killed_server_left_it(tmp_path: Path) -> None:
    server = Served(tmp_path)
    async with shops(server) as client:
        for first in range(0, TICKETS, AT_ONCE):
            posts = (
                client.post("/v1/tickets", json={"subject": f"ticket {number}"})
                for number in range(first, first + AT_ONCE)
            )
            assert {answer.status_code for answer in await asyncio.gather(*posts)} == {201}
        published = await client.put("/v1/desk/sla_policies/standard", json=STRICTER)
        assert published.status_code == 200, published.text
        job = (await client.post("/v1/sla/recompute")).raise_for_status().headers["Location"]
        killed_at = 0
        while (found := (await client.get(job)).raise_for_status().json())["state"] == "running":
            if found["done"] and not killed_at:
                killed_at = found["done"]
                await server.kill()
                await server.start()
            await asyncio.sleep(0.01)
        assert 0 < killed_at < TICKETS
        assert (found["state"], found["done"], found["result"]["tickets"]) == ("done", TICKETS, TICKETS)
        async with database_of(server) as database:
            lines = "SELECT count(*), count(DISTINCT ticket_id) FROM ticket_event WHERE type = 'recomputed'"
            assert tuple(await database.fetchrow(lines)) == (TICKETS, TICKETS)
