"""What waits for each team, how urgently, and who there is to take it."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_why_this_agent import DN, HN, LEAD, SALES, set_presence

from tickets.application.placements.board import QueueBoard
from tickets.application.placements.queues import QueuesView

NOTHING: dict[str, object] = {
    **dict.fromkeys(
        ["waiting", "unroutable", "overdue", "due_soon", "could_take_first", "could_take_any"], 0
    ),
    **dict.fromkeys(["oldest_since", "wanted_by", "most_urgent", "expected_wait"]),
    "takers": [],
}


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


async def test_a_queue_tells_how_urgent_it_is(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    for priority in ("urgent", "high", "normal", "low"):
        await shop.post("/v1/tickets", {"subject": "Tủ lạnh hỏng", "priority": priority})
    shop.instant += timedelta(minutes=20)
    sales = (await queues(shop))["sales"]
    assert (sales["overdue"], sales["due_soon"], sales["waiting"]) == (1, 1, 4)


async def test_who_could_take_it_is_said_by_routing_itself(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    for priority, region in (("high", "vn-hn"), ("low", "vn-dn")):
        await shop.post(
            "/v1/tickets", {"subject": "Tivi", "priority": priority, "region": region, "language": "vi"}
        )
    await shop.tick()
    sales = (await queues(shop))["sales"]
    assert (sales["could_take_first"], sales["could_take_any"]) == (0, 0)
    await set_presence(shop, "online", HN, DN)
    sales = (await queues(shop))["sales"]
    assert (sales["could_take_first"], sales["takers"], sales["could_take_any"]) == (1, [HN], 2)
    now = (await shop.get(f"/v1/tickets/{sales['most_urgent']}/routing"))["now"]
    assert [each["agent"] for each in now["candidates"]] == sales["takers"]


async def test_the_expected_wait_is_what_waits_by_how_fast_it_was_served(shop: Shop) -> None:
    assert (await queues(shop))["sales"]["expected_wait"] is None
    await set_presence(shop, "away", *SALES)
    first, _, third = [await shop.post("/v1/tickets", {"subject": "Tivi"}) for _ in range(3)]
    await shop.pass_time(minutes=30)
    for ticket in (first, third):
        await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": None}, status=200)
        await set_presence(shop, "online", LEAD)
        await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": LEAD}, status=200)
        await set_presence(shop, "away", LEAD)
    sales = (await queues(shop))["sales"]
    assert (sales["waiting"], sales["expected_wait"]) == (1, "PT30M")  # two an hour, and one waits
    await shop.post(f"/v1/tickets/{first['id']}/assign", {"agent": HN}, status=409)
    await shop.pass_time(minutes=61)
    assert (await queues(shop))["sales"]["expected_wait"] is None


async def test_an_answer_that_took_long_is_given_again_for_nine_times_as_long(shop: Shop) -> None:
    asked: list[datetime] = []
    board = QueueBoard()

    async def slowly(now: datetime, seconds: float = 1) -> QueuesView:
        asked.append(now)
        shop.instant += timedelta(seconds=seconds)
        return QueuesView(as_of=now, queues=())

    views = await asyncio.gather(*(board.look(slowly, shop.now) for _ in range(20)))
    assert {view.as_of for view in views} == set(asked)
    assert len(asked) == 1
    shop.instant += timedelta(seconds=8.9)
    assert (await board.look(slowly, shop.now)).as_of == asked[0]
    shop.instant += timedelta(seconds=0.1)
    assert (await board.look(partial(slowly, seconds=0.01), shop.now)).as_of == asked[1]
    assert (await board.look(slowly, shop.now)).as_of == asked[2]  # what is quick is asked anew each time


async def test_where_nothing_waits_the_recent_waits_are_expected_again(shop: Shop) -> None:
    await set_presence(shop, "away", *SALES)
    await shop.post("/v1/tickets", {"subject": "Tivi"})
    await shop.pass_time(minutes=10)
    await set_presence(shop, "online", *SALES)
    await shop.tick()
    sales = (await queues(shop))["sales"]
    assert (sales["waiting"], sales["expected_wait"]) == (0, "PT10M")
