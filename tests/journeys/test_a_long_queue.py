"""A queue of many batches, in front of nobody, or of one who comes back."""

from tests.journeys.conftest import Shop
from tests.journeys.test_why_this_agent import HN, LEAD, SALES, set_presence

from tickets.application.assignments.route_waiting import route_waiting


async def look(shop: Shop) -> list[str]:
    """One look at everybody who waits, a ticket to a batch; the tickets that changed, in their order."""
    changes = await route_waiting(shop.app.parts.house, shop.instant, everyone=True, batch=1)
    return [str(change.after.id) for change in changes]


async def queue(shop: Shop) -> list[str]:
    """Tickets that have all been told to wait, the most urgent first."""
    await set_presence(shop, "away", *SALES)
    waiting = [
        str((await shop.post("/v1/tickets", {"subject": "Tivi", "priority": priority}))["id"])
        for priority in ("urgent", "high", "normal")
    ]
    assert await look(shop) == waiting
    return waiting


async def test_who_comes_back_gets_the_most_urgent_and_nobody_is_told_the_same_twice(shop: Shop) -> None:
    waiting = await queue(shop)
    assert await look(shop) == []
    await set_presence(shop, "offline", HN)
    assert await look(shop) == []
    await set_presence(shop, "online", LEAD)
    assert (await look(shop))[0] == waiting[0]


async def test_a_new_desk_is_told_of_to_all_who_wait_though_nobody_is_there(shop: Shop) -> None:
    waiting = await queue(shop)
    juggling = {"order": 1, "team": "sales", "skills": [{"skill": "juggling"}]}
    assert (await shop.client.put("/v1/desk/routing_rules/ring", json=juggling)).status_code < 300
    assert await look(shop) == waiting
    for ticket in waiting:
        assert (await shop.get(f"/v1/tickets/{ticket}/routing"))["last"]["outcome"] == "unroutable"
