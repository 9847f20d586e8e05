"""An alert is over when what it was about is: whoever would still be paged sleeps on."""

from typing import Any

import pytest
from tests.journeys.conftest import Shop

WATCHED: dict[str, dict[str, object]] = {
    "escalation_policies/watch": {
        "levels": [{"name": "broken", "after_due": "PT0S", "notify": ["email:night@shop.example.vn"]}],
        "fallback": ["email:manager@shop.example.vn"],
    },
    "sla_policies/watched": {
        "order": 1,
        "when": {"tags": ["watched"]},
        "escalation": "watch",
        "calendar": "always_open",
        "targets": [
            {"metric": "first_response", "budget": "PT10M"},
            {"metric": "next_response", "budget": "PT10M"},
            {"metric": "resolution", "budget": "PT20M"},
        ],
    },
}


@pytest.fixture
async def late(shop: Shop) -> dict[str, Any]:
    """A ticket that has broken both its promises, and two pages that have not left yet."""
    for path, body in WATCHED.items():
        answer = await shop.client.put(f"/v1/desk/{path}", json=body)
        assert answer.is_success, answer.text
    ticket = await shop.post("/v1/tickets", {"subject": "Hỏng", "tags": ["watched"]})
    await shop.pass_time(minutes=30)
    assert await alerts(shop, ticket) == {"first_response": "open", "resolution": "open"}
    return ticket


async def alerts(shop: Shop, ticket: dict[str, Any]) -> dict[str, str]:
    found = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    return {alert["metric"]: alert["state"] for alert in found}


async def test_an_answer_ends_the_alert_of_the_answer_only(shop: Shop, late: dict[str, Any]) -> None:
    await shop.post(f"/v1/tickets/{late['id']}/messages", {"kind": "public_reply", "text": "Chào bạn"})
    assert await alerts(shop, late) == {"first_response": "resolved", "resolution": "open"}


async def test_an_alert_somebody_has_ends_with_its_promise_too(shop: Shop, late: dict[str, Any]) -> None:
    for alert in (await shop.get(f"/v1/alerts?ticket={late['id']}"))["items"]:
        await shop.post(f"/v1/alerts/{alert['id']}/acknowledge", status=204)
    await shop.post(f"/v1/tickets/{late['id']}/messages", {"kind": "public_reply", "text": "Chào bạn"})
    assert await alerts(shop, late) == {"first_response": "resolved", "resolution": "acknowledged"}


async def test_the_next_wait_of_the_customer_alerts_anew(shop: Shop, late: dict[str, Any]) -> None:
    states = []
    for _ in range(2):
        for kind in ("public_reply", "customer_message"):
            await shop.post(f"/v1/tickets/{late['id']}/messages", {"kind": kind, "text": "…"})
        await shop.pass_time(minutes=15)
        found = (await shop.get(f"/v1/alerts?ticket={late['id']}"))["items"]
        states.append([(one["cycle"], one["state"]) for one in found if one["metric"] == "next_response"])
    assert states == [[(1, "open")], [(2, "open"), (1, "resolved")]]
