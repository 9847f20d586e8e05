"""The customer was called at ten past nine; that is told in the afternoon."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.journeys.conftest import Shop


async def clock(shop: Shop, ticket: str, metric: str = "first_response") -> dict[str, Any]:
    found = await shop.get(f"/v1/tickets/{ticket}/sla")
    return next(clock for clock in found["clocks"] if clock["metric"] == metric)


async def late(shop: Shop, ticket: str, kind: str, minutes_ago: int, status: int = 200) -> dict[str, Any]:
    at = shop.instant - timedelta(minutes=minutes_ago)
    fact = {"type": kind, "occurred_at": at.isoformat(), "note": "told by the shop"}
    return await shop.post(f"/v1/tickets/{ticket}/facts", fact, status=status)


async def test_a_call_told_late_takes_a_breach_back_and_leaves_a_record(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "Tivi hỏng"}))["id"]
    await shop.pass_time(hours=6)
    assert (await clock(shop, ticket))["state"] == "breached"
    alerts = (await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]
    assert {alert["level"] for alert in alerts} >= {"soon", "broken"}

    answer = await late(shop, ticket, "call_answered", minutes_ago=350)
    assert (await clock(shop, ticket))["state"] == "met"
    assert answer["due_at"] == (await shop.get(f"/v1/tickets/{ticket}/sla"))["due_at"]
    alerts = (await shop.get(f"/v1/alerts?ticket={ticket}&state=withdrawn"))["items"]
    assert {alert["level"] for alert in alerts} >= {"soon", "broken"}
    events = (await shop.get(f"/v1/tickets/{ticket}/events"))["items"]
    (record,) = [event for event in events if event["type"] == "told_late"]
    assert (record["data"]["fact"], record["data"]["note"]) == ("call_answered", "told by the shop")
    assert record["actor"].startswith("api:")
    assert record["data"]["changed"][0]["before"]["state"] == "breached"
    assert "sla.breached" in {event["event"] for event in record["data"]["withdrawn"]}
    assert "sla.breached" in [event["type"] for event in events], "what was said stays said"


async def test_what_was_told_late_explains_itself_and_stays_told(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "Tivi hỏng"}))["id"]
    await shop.pass_time(hours=6)
    await late(shop, ticket, "agent_replied", minutes_ago=350)
    await late(shop, ticket, "customer_replied", minutes_ago=340)
    await shop.post(f"/v1/tickets/{ticket}/messages", {"kind": "public_reply", "text": "Chào anh"})
    await shop.pass_time(hours=20)
    shown = (await shop.get(f"/v1/tickets/{ticket}/sla"))["clocks"]
    explained = (await shop.get(f"/v1/tickets/{ticket}/sla/explain"))["clocks"]
    assert [each["clock"] for each in explained] == shown
    assert {each["metric"]: each["state"] for each in shown}["next_response"] in ("met", "breached")


AGAIN = """
INSERT INTO alert (id, ticket_id, metric, cycle, level, repeat, covers, recipients, state, occurred_at,
                   detected_at)
SELECT gen_random_uuid(), ticket_id, metric, cycle, level, repeat, covers, recipients, 'open', occurred_at,
       detected_at
FROM alert WHERE ticket_id = $1
"""


async def test_a_level_that_was_taken_back_may_alert_when_it_is_reached_after_all(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "Tivi hỏng"}))["id"]
    await shop.pass_time(hours=6)
    await late(shop, ticket, "call_answered", minutes_ago=350)
    before = (await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]
    await shop.app.parts.engine.execute(AGAIN, UUID(ticket))
    assert len((await shop.get(f"/v1/alerts?ticket={ticket}"))["items"]) == 2 * len(before)


async def test_a_fact_from_the_future_or_before_the_opening_is_refused(shop: Shop) -> None:
    ticket = (await shop.post("/v1/tickets", {"subject": "Tivi hỏng"}))["id"]
    for minutes_ago in (-1, 1):
        refused = await late(shop, ticket, "agent_replied", minutes_ago, status=409)
        assert "he fact lies" in refused["detail"]
