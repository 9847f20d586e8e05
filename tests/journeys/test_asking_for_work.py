"""Agents who ask for work get the most urgent ticket they may take, once."""

import asyncio
from collections import Counter
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_why_this_agent import DN, HCM, HN, LEAD, SALES, set_presence


async def waiting(shop: Shop, priority: str = "normal", **facts: object) -> str:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi", "priority": priority, **facts})
    return str(ticket["id"])


async def loads(shop: Shop) -> dict[str, int]:
    return {one["key"]: one["load"] for one in (await shop.client.get("/v1/agents")).json()}


async def ask(shop: Shop, agent: str, **headers: str) -> dict[str, Any] | None:
    answer = await shop.client.post(f"/v1/agents/{agent}/next", headers=headers)
    assert answer.status_code in {200, 204}, answer.text
    return answer.json() if answer.content else None


async def test_who_asks_gets_the_most_urgent_ticket_and_then_the_next(shop: Shop) -> None:
    normal, urgent = await waiting(shop), await waiting(shop, "urgent")
    first, second = await ask(shop, HN), await ask(shop, HN)
    assert first
    assert second
    assert (first["id"], second["id"]) == (urgent, normal)
    assert (first["assignee"], first["status"], first["waiting_since"]) == (HN, "open", None)
    assert (await loads(shop))[HN] == 2
    found = await shop.get(f"/v1/tickets/{urgent}/routing")
    assert found["last"]["outcome"] == "assigned"
    assert found["last"]["reason"].startswith(f"{HN} asked for work")
    assert "assigned" in await shop.events(urgent)


async def test_what_they_may_not_take_is_left_to_others(shop: Shop) -> None:
    await waiting(shop, "urgent", region="vn-hcm")
    hanoi = await waiting(shop, "low", region="vn-hn")
    found = await ask(shop, HN)
    assert found
    assert found["id"] == hanoi
    assert await ask(shop, HN) is None


async def test_who_is_away_or_full_gets_nothing(shop: Shop) -> None:
    for _ in range(5):
        await waiting(shop)
    await set_presence(shop, "away", HN)
    assert await ask(shop, HN) is None
    assert [bool(await ask(shop, LEAD)) for _ in range(5)] == [True] * 4 + [False]
    assert (await loads(shop))[LEAD] == 4


async def test_agents_who_ask_at_once_never_get_the_same_ticket_and_never_miss_one(shop: Shop) -> None:
    tickets = {await waiting(shop) for _ in range(4)}
    found = await asyncio.gather(*(ask(shop, agent) for agent in SALES))
    assert {one["id"] for one in found if one} == tickets
    assert {agent: (await loads(shop))[agent] for agent in SALES} == {LEAD: 1, HN: 1, DN: 1, HCM: 1}


async def test_a_whole_team_asking_at_once_beside_the_router_takes_every_ticket_once(shop: Shop) -> None:
    room = {LEAD: 4, HN: 8, DN: 8, HCM: 8}
    tickets = {await waiting(shop) for _ in range(24)}
    asking = [agent for turn in range(6) for agent in SALES if turn < room[agent]]
    await asyncio.gather(*(ask(shop, agent) for agent in asking), shop.tick())
    await shop.tick()
    held = {line["id"]: line["assignee"] for line in (await shop.get("/v1/tickets"))["items"]}
    assert held.keys() == tickets
    count = Counter(held.values())
    assert None not in count
    assert {agent: (await loads(shop))[agent] for agent in SALES} == {agent: count[agent] for agent in SALES}
    assert all(count[agent] <= room[agent] for agent in SALES)
    for ticket in tickets:
        assert (await shop.events(ticket)).count("assigned") == 1


async def test_one_agent_asking_many_times_at_once_is_never_given_more_than_fits(shop: Shop) -> None:
    for _ in range(6):
        await waiting(shop)
    found = await asyncio.gather(*(ask(shop, LEAD) for _ in range(6)))
    assert len({one["id"] for one in found if one}) == len([one for one in found if one]) == 4
    assert (await loads(shop))[LEAD] == 4


async def test_asking_again_under_one_key_gives_the_same_ticket(shop: Shop) -> None:
    assert await ask(shop, HN, **{"Idempotency-Key": "none"}) is None
    await waiting(shop)
    await waiting(shop)
    first = await ask(shop, HN, **{"Idempotency-Key": "one"})
    assert first == await ask(shop, HN, **{"Idempotency-Key": "one"})
    assert await ask(shop, HN, **{"Idempotency-Key": "none"}) is None
    assert (await loads(shop))[HN] == 1


async def test_nobody_who_asks_is_not_found(shop: Shop) -> None:
    assert (await shop.client.post("/v1/agents/nobody/next")).status_code == 404
