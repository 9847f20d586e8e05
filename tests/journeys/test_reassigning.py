"""Tickets are handed from one agent to another by hand, by several people at once."""

import asyncio
from itertools import cycle

from tests.journeys.conftest import Shop

LAN, MAI = "sales-hn-1", "sales-hcm-1"


async def test_two_agents_who_swap_their_tickets_do_not_wait_for_each_other(shop: Shop) -> None:
    mine, yours = [(await shop.post("/v1/tickets", {"subject": "a"}))["id"] for _ in range(2)]
    for ticket, agent in ((mine, LAN), (yours, MAI)):
        await shop.post(f"/v1/tickets/{ticket}/assign", {"agent": agent}, status=200)
    holders = cycle([(MAI, LAN), (LAN, MAI)])
    for _ in range(20):
        pair = zip((mine, yours), next(holders), strict=True)
        await asyncio.gather(
            *(
                shop.post(f"/v1/tickets/{ticket}/assign", {"agent": agent}, status=200)
                for ticket, agent in pair
            )
        )
    loads = {one["key"]: one["load"] for one in (await shop.client.get("/v1/agents")).json()}
    assert (loads[LAN], loads[MAI]) == (1, 1)


async def test_a_ticket_given_to_who_has_it_costs_no_more_capacity(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "a"}))["id"]
    for _ in range(3):
        await shop.post(f"/v1/tickets/{ticket}/assign", {"agent": LAN}, status=200)
    loads = {one["key"]: one["load"] for one in (await shop.client.get("/v1/agents")).json()}
    assert loads[LAN] == 1
