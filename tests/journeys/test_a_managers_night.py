"""The night of an on-call manager, told once as it went, and once with the service killed in between."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.journeys.conftest import Shop, opened
from tests.journeys.test_escalation_runs import alerts, left, link_to, pages, put, run, stranger, types

from tickets.api.app import create_app
from tickets.bootstrap import wired

FRIDAY = datetime(2026, 3, 6, 10, 44, tzinfo=UTC)
"""17:44 in Hà Nội."""


async def staffed(shop: Shop) -> None:
    """Two lines on call; whoever has no answer within ten minutes is helped by the second."""
    week = {"timezone": "Asia/Ho_Chi_Minh", "layers": []}
    for line, agent in (("first-line", "sales-hn-1"), ("second-line", "warranty-lead")):
        layer = {"name": line, "starts_on": "2026-01-05T08:00:00", "rotation": "weekly", "agents": [agent]}
        await put(shop, f"on_call_schedules/{line}", {**week, "layers": [layer]})
    levels: list[dict[str, Any]] = [
        {"name": "broken", "after_due": "PT0S", "notify": ["team_lead"]},
        {"name": "first", "delay": "PT1M", "notify": ["on_call:first-line"]},
        {"name": "second", "delay": "PT10M", "notify": ["on_call:second-line"]},
    ]
    levels[1] |= {"repeat": "PT5M", "repeat_limit": 1}
    levels[2] |= {"actions": {"raise_priority": "urgent"}}
    fallback = ["email:manager@shop.example.vn"]
    night = {"levels": levels, "fallback": fallback, "acknowledge_within": "PT30M"}
    await put(shop, "escalation_policies/night", night)
    target = {"metric": "first_response", "budget": "PT15M", "at_risk": None}
    promise = {"order": 1, "when": {"tags": ["đơn-lớn"]}, "escalation": "night", "targets": [target]}
    await put(shop, "sla_policies/big-orders", promise)


@asynccontextmanager
async def restarted(shop: Shop, database_url: str) -> AsyncIterator[None]:
    """Another process, on what the first has left in the database."""
    async with wired(shop.app.settings, database_url, now=shop.now, new_id=shop.new_id) as app:
        transport = httpx.ASGITransport(create_app(app.parts), raise_app_exceptions=True)  # type: ignore[arg-type]
        async with httpx.AsyncClient(
            transport=transport, base_url="http://shop.test", headers=shop.client.headers
        ) as client:
            shop.app, shop.client = app, client
            yield


@pytest.mark.parametrize("killed", [False, True], ids=["as it went", "killed in between"])
async def test_a_friday_at_one_minute_to_six(database_url: str, tmp_path: Path, killed: bool) -> None:  # noqa: FBT001
    async with opened(database_url, tmp_path, {}) as shop:
        shop.instant = FRIDAY
        await staffed(shop)
        ticket = await the_breach(shop)
        if killed:
            async with restarted(shop, database_url):
                await the_evening(shop, ticket)
        else:
            await the_evening(shop, ticket)


async def the_breach(shop: Shop) -> str:
    """The second line is on leave tonight, so the manager has put somebody in their place."""
    leave = {"starts_at": "2026-03-06T00:00:00+07:00", "ends_at": "2026-03-09T00:00:00+07:00"}
    answer = await shop.client.put("/v1/agents/warranty-lead/leave", json=leave)
    assert answer.status_code == 200, answer.text
    override = {**leave, "agent": "sales-hcm-1", "reason": "nghỉ phép"}
    await shop.post("/v1/schedules/second-line/overrides", {"overrides": [override]})
    customer = {"name": "Lan", "email": "lan@example.com"}
    ticket = await shop.post(
        "/v1/tickets", {"subject": "Đơn 200 máy lạnh", "tags": ["đơn-lớn"], "customer": customer}
    )
    await shop.pass_time(minutes=15, seconds=1)
    found = await run(shop, ticket["id"])
    assert (found["cause"], found["state"], found["level"]) == ("sla:first_response:1", "open", "broken")
    assert found["began_at"].startswith("2026-03-06T10:59:00")  # 17:59
    assert found["next"]["level"] == "first"
    return str(ticket["id"])


async def the_evening(shop: Shop, ticket: str) -> None:
    """The first line does not answer, twice; the second does, from the phone, and writes to the customer."""
    await shop.pass_time(minutes=9)
    assert [(one["level"], one["recipients"]) for one in await alerts(shop, ticket)] == [
        ("broken", ["agent:sales-lead"]),
        ("first", ["agent:sales-hn-1"]),
        ("first", ["agent:sales-hn-1"]),
    ]
    await shop.pass_time(minutes=1)
    assert (await left(shop))[-1] == "sales-hcm-1"  # not who is on leave
    assert (await shop.get(f"/v1/tickets/{ticket}"))["priority"] == "urgent"

    link = await link_to(shop, "sales-hcm-1@shop.example.vn")
    assert (await stranger(shop, "GET", link)).status_code == 200
    assert (await run(shop, ticket))["state"] == "open"
    answer = await stranger(shop, "POST", link)
    assert "agent:sales-hcm-1" in answer.text
    assert (await run(shop, ticket))["acknowledged_by"] == ["agent:sales-hcm-1"]
    told = await pages(shop, ticket)
    await shop.pass_time(minutes=20)
    assert await pages(shop, ticket) == told

    reply = {"kind": "public_reply", "text": "Chào chị Lan, hàng có ngay tối nay."}
    await shop.post(f"/v1/tickets/{ticket}/messages", reply)
    found = await run(shop, ticket)
    assert (found["state"], found["next"]) == ("resolved", None)
    assert {one["state"] for one in await alerts(shop, ticket) if one["run"]} == {"resolved"}
    await shop.pass_time(hours=12)
    assert await pages(shop, ticket) == told
    assert types(await shop.events(ticket)) == ["begun", "acknowledged", "resolved"]
