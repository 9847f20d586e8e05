"""What others got wrong about who is paged and when, and what their users miss, one test each."""

import asyncio
from datetime import timedelta

from tests.journeys.conftest import Shop
from tests.journeys.test_who_is_on_call import DUTY, duty, events, from_to, instead


async def pages(shop: Shop) -> int:
    """How many pages were written."""
    return int(await shop.app.engine.fetch_value("SELECT count(*) FROM outbox WHERE cause ? 'alert'"))


async def test_eight_leaders_at_one_breach_page_once(shop: Shop) -> None:
    """Oban ran with two leaders for nineteen days, and did every job twice."""
    ticket = await shop.post("/v1/tickets", {"subject": "Diễn tập", "tags": ["drill"]})
    shop.instant += timedelta(seconds=20)
    await asyncio.gather(*(shop.app.ticker.step(shop.instant, everyone=True) for _ in range(8)))
    (alert,) = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert alert["recipients"] == ["assignee", "agent:sales-lead"]
    assert await pages(shop) == 1  # nobody has been assigned


async def test_an_escalation_that_nobody_rang_for_is_done_at_the_next_look(shop: Shop) -> None:
    """Grafana OnCall lost the step whose message was not published before the crash."""
    ticket = await shop.post("/v1/tickets", {"subject": "Diễn tập", "tags": ["drill"]})
    shop.instant += timedelta(seconds=20)
    due = await shop.app.parts.house.tickets.next_instant()
    assert due is not None
    assert due <= shop.instant  # it stands in the row, whoever was to be told and was not
    await shop.tick()
    assert (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]


async def test_engine_list_and_feed_agree_on_an_override_of_an_override(shop: Shop) -> None:
    """GoAlert decides who is on call in two places, which disagree on chained overrides."""
    times = ("03-02T08:00:00", "03-02T18:00:00")
    await instead(shop, from_to(*times, "sales-hcm-1"))
    await instead(shop, from_to(*times, "sales-hn-1", replaces="sales-hcm-1"))
    asked = (await duty(shop))["now"]
    assert asked["agent"] == "sales-hn-1"
    assert (await shop.get(f"{DUTY}/shifts"))["shifts"][0] == asked
    event = (await events(shop, "schedules/duty"))[("duty", asked["since"])]
    assert asked["name"] in str(event["SUMMARY"])
    ticket = await shop.post("/v1/tickets", {"subject": "Cháy", "priority": "urgent"})
    await shop.pass_time(minutes=16)
    alerts = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert "agent:sales-hn-1" in alerts[0]["recipients"]


async def test_there_are_totals_of_whatever_is_filtered_for_on_every_page(shop: Shop) -> None:
    """Lists without totals have everybody leaf through all their pages to count."""
    for number in range(5):
        await shop.post("/v1/tickets", {"subject": f"Yêu cầu {number}", "tags": ["vip"] if number else []})
    page = await shop.client.get("/v1/tickets?limit=2&tag=vip&total=true")
    assert page.headers["x-total-count"] == "4"
    following = await shop.client.get(page.json()["next"])
    assert (following.headers["x-total-count"], len(following.json()["items"])) == ("4", 2)
    assert "x-total-count" not in (await shop.client.get("/v1/tickets")).headers
