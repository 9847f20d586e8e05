"""Verdicts come from the history alone (law 8), however often or seldom anybody looked."""

import os
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.journeys.conftest import Shop

FOUR_WEEKS = timedelta(weeks=4)
"""Later by so much, the office is open at just the same times."""

STEP = timedelta(minutes=3 if os.environ.get("TICKETS_TEST_LONG") else 11)
"""How often somebody looks who looks often; in step with nothing that is promised."""

WEEKS_COURSE: tuple[tuple[timedelta, str, dict[str, str]], ...] = (
    (timedelta(minutes=30), "messages", {"kind": "internal_note", "text": "Xem giúp"}),
    (timedelta(hours=3), "priority", {"priority": "urgent"}),
    (timedelta(hours=6), "messages", {"kind": "public_reply", "text": "Chào chị"}),
    (timedelta(hours=7), "status", {"status": "pending"}),
    (timedelta(hours=26), "messages", {"kind": "customer_message", "text": "Máy vẫn hỏng"}),
    (timedelta(hours=49, minutes=7), "messages", {"kind": "public_reply", "text": "Mai thợ tới"}),
    (timedelta(days=3, hours=2), "status", {"status": "on_hold"}),
    (timedelta(days=4), "status", {"status": "open"}),
    (timedelta(days=8), "solve", {}),
    (timedelta(days=8, hours=5), "reopen", {}),
    (timedelta(days=11, hours=1), "solve", {}),
)


@pytest.mark.parametrize("tags", [["warranty"], ["drill"]])
async def test_jumping_gives_the_history_that_stepping_gives(shop: Shop, tags: list[str]) -> None:
    opened = shop.instant
    stepped = await live_through(shop, tags, step=STEP)
    shop.instant = opened + FOUR_WEEKS
    jumped = await live_through(shop, tags, step=timedelta(days=30))
    assert jumped == stepped
    assert "breached" in {clock["state"] for clock in stepped["clocks"]}
    assert stepped["levels"]


async def live_through(shop: Shop, tags: list[str], step: timedelta) -> dict[str, Any]:
    """One ticket's two weeks: clocks, what was said of them, levels reached; by time since opening."""
    opened = shop.instant
    path = f"/v1/tickets/{(await shop.post('/v1/tickets', {'subject': 'Máy hỏng', 'tags': tags}))['id']}"
    for after, act, body in WEEKS_COURSE:
        while shop.instant + step < opened + after:
            shop.instant += step
            await shop.tick()
        shop.instant = opened + after
        await shop.post(f"{path}/{act}", body, status=201 if act == "messages" else 200)
    await shop.tick()
    events = (await shop.get(f"{path}/events?limit=200"))["items"]
    said = [event for event in events if event["type"].startswith("sla.")]
    return {
        "clocks": [since(opened, clock) for clock in (await shop.get(path))["clocks"]],
        "said": sorted(
            (str(since(opened, {**event["data"], "type": event["type"], "at": event["occurred_at"]})))
            for event in said
            if event["type"] not in {"sla.told", "sla.escalation_due"}
        ),
        "levels": {
            (event["data"]["metric"], event["data"]["cycle"], level)
            for event in said
            if event["type"] == "sla.escalation_due"
            for level in (event["data"]["level"], *event["data"].get("covers", ()))
        },
    }


def since(opened: datetime, told: dict[str, Any]) -> dict[str, Any]:
    """What was told, with instants as the time since the ticket was opened."""
    return {
        name: str(datetime.fromisoformat(value) - opened)
        if name == "at" or (name.endswith("_at") and value)
        else value
        for name, value in told.items()
    }
