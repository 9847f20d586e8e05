"""What waits for each team, how urgently, and who there is to take it."""

from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_why_this_agent import HN, LEAD, SALES, set_presence

NOTHING = {"waiting": 0, "unroutable": 0, "oldest_since": None, "wanted_by": None, "most_urgent": None}


async def queues(shop: Shop) -> dict[str | None, dict[str, Any]]:
    return {queue["team"]: queue for queue in (await shop.get("/v1/queues"))["queues"]}


async def test_every_team_of_the_desk_has_a_queue_also_when_nothing_waits(shop: Shop) -> None:
    found = await queues(shop)
    assert list(found) == ["delivery", "sales", "warranty"]
    staff = {"agents": 4, "online": 4, "with_room": 4, "room": 28}
    assert found["sales"] == {"team": "sales", **NOTHING, **staff}


async def test_a_queue_tells_the_oldest_from_the_most_urgent(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    for priority in ("low", "normal", "high"):
        last = await shop.post("/v1/tickets", {"subject": "Tivi", "priority": priority})
        shop.instant += timedelta(minutes=10)
    await shop.tick()
    sales = (await queues(shop))["sales"]
    assert (sales["waiting"], sales["unroutable"]) == (3, 0)
    assert sales["oldest_since"] == "2026-03-02T02:00:00Z"
    assert (sales["most_urgent"], sales["wanted_by"]) == (last["id"], "2026-03-02T03:20:00Z")
    shown = await shop.get(f"/v1/tickets/{last['id']}/routing")
    assert shown["wanted_by"] == sales["wanted_by"]
    assert (sales["online"], sales["with_room"]) == (0, 0)


async def test_who_is_online_and_full_has_no_room(shop: Shop) -> None:
    await set_presence(shop, "offline", *(agent for agent in SALES if agent not in {LEAD, HN}))
    for _ in range(4):
        ticket = await shop.post("/v1/tickets", {"subject": "Tivi"})
        await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": LEAD}, status=200)
    sales = (await queues(shop))["sales"]
    assert (sales["agents"], sales["online"], sales["with_room"], sales["room"]) == (4, 2, 1, 8)


async def test_tickets_nobody_could_ever_take_are_counted_apart(shop: Shop) -> None:
    await shop.post("/v1/tickets", {"subject": "Télé", "language": "fr", "region": "vn-hn"})
    ring = {"order": 1, "when": {"tags": ["ring"]}, "team": "sales", "skills": [{"skill": "juggling"}]}
    assert (await shop.client.put("/v1/desk/routing_rules/ring", json=ring)).status_code < 300
    await shop.post("/v1/tickets", {"subject": "Xiếc", "tags": ["ring"]})
    await shop.tick()
    sales = (await queues(shop))["sales"]
    assert (sales["waiting"], sales["unroutable"]) == (2, 1)


async def test_tickets_without_a_team_wait_in_a_queue_of_their_own(shop: Shop) -> None:
    answer = await shop.client.delete("/v1/desk/routing_rules/everything-else")
    assert answer.status_code == 204
    await shop.post("/v1/tickets", {"subject": "Tivi"})
    found = await queues(shop)
    assert list(found) == ["delivery", "sales", "warranty", None]
    assert (found[None]["waiting"], found[None]["agents"]) == (1, 0)
    assert found["sales"]["waiting"] == 0
