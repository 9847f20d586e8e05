"""Killed while agents are asked and answer: no ticket twice, no slot lost, every offer ends once."""

import asyncio
from pathlib import Path

import asyncpg
import httpx
from tests.faults.clients import must_say_try_again
from tests.faults.order import must_be_in_order
from tests.faults.served import Served, shops, until

TICKETS = 12
ASKED = ("sales-hn-1", "sales-lead")
"""Who may take a ticket from Hà Nội at once."""

_ENDS = """
SELECT o.id, count(e.ticket_id) FROM offer AS o
LEFT JOIN ticket_event AS e ON e.ticket_id = o.ticket_id AND e.data ->> 'offer' = o.id::text AND e.type IN
    ('offer_accepted', 'offer_declined', 'offer_expired', 'offer_withdrawn')
GROUP BY o.id HAVING count(e.ticket_id) <> 1
"""
_TWICE_IN_A_ROUND = """
SELECT ticket_id, agent, round FROM offer GROUP BY ticket_id, agent, round HAVING count(*) > 1
"""
_UNPUNCTUAL = "SELECT id FROM offer WHERE state = 'expired' AND ended_at <> expires_at"
_ACCEPTED_AND_NOT_HELD = """
SELECT o.id FROM offer AS o JOIN ticket AS t ON t.id = o.ticket_id
WHERE o.state = 'accepted' AND t.assignee IS DISTINCT FROM o.agent
"""


async def answer(client: httpx.AsyncClient, offer: str, said: dict[str, int]) -> None:
    """An agent's program: it asks until it is answered, under one key."""
    while True:
        try:
            got = await client.post(
                f"/v1/offers/{offer}/accept", headers={"Idempotency-Key": f"accept-{offer}"}, timeout=5
            )
        except httpx.TransportError:
            await asyncio.sleep(0.1)  # killed before, during or after: nobody can know
            continue
        if got.status_code != 503:
            said[offer] = got.status_code
            return
        must_say_try_again(got)
        await asyncio.sleep(0.1)


async def open_offers(client: httpx.AsyncClient) -> list[str]:
    """What is offered to anybody now."""
    found = [(await client.get(f"/v1/agents/{agent}/offers")).raise_for_status().json() for agent in ASKED]
    return [offer["id"] for offers in found for offer in offers]


async def test_offers_outlive_the_server_and_each_ends_once(tmp_path: Path, database_url: str) -> None:
    server = Served(tmp_path, {"TICKETS_DATABASE_URL": database_url})
    async with shops(server) as client:
        team = {"lead": "sales-lead", "assignment": "offer", "offer_timeout": "PT8S", "rounds": 1}
        (await client.put("/v1/desk/teams/sales", json=team)).raise_for_status()
        for number in range(TICKETS):
            body = {"subject": f"Tivi {number}", "region": "vn-hn"}
            (await client.post("/v1/tickets", json=body)).raise_for_status()

        async def asked() -> bool:
            return len(await open_offers(client)) == TICKETS

        await until(asked, "every ticket is offered")
        said: dict[str, int] = {}
        async with asyncio.TaskGroup() as agents:
            for offer in (await open_offers(client))[: TICKETS // 2]:
                agents.create_task(answer(client, offer, said))
            await asyncio.sleep(0.02)
            await server.kill()
            await server.start()
        assert set(said.values()) <= {200, 409}  # 409: it ran out while nobody was there to hear the answer
        await server.kill()  # with the others still open, and nobody answering
        await server.start()

        async def over() -> bool:
            waiting = (await client.get("/v1/queues")).raise_for_status().json()["queues"]
            sales = next(queue for queue in waiting if queue["team"] == "sales")
            stuck = (await client.get("/metrics")).text
            return not await open_offers(client) and f"tickets_stuck {sales['waiting']:.1f}" in stuck

        await until(over, "all offers are over, and what nobody took is left to people")
    database = await asyncpg.connect(database_url)
    try:
        await must_be_in_order(database)
        for fault in (_ENDS, _TWICE_IN_A_ROUND, _UNPUNCTUAL, _ACCEPTED_AND_NOT_HELD):
            assert await database.fetch(fault) == [], fault
        accepted = await database.fetch("SELECT id::text FROM offer WHERE state = 'accepted'")
        assert {row[0] for row in accepted} == {offer for offer, status in said.items() if status == 200}
        alerts = "SELECT count(*), count(DISTINCT ticket_id) FROM alert WHERE metric = 'routing'"
        left = TICKETS - len(accepted)
        assert tuple(await database.fetchrow(alerts)) == (left, left)
    finally:
        await database.close()
