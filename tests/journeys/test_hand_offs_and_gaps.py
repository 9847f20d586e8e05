"""People hear that their shift begins, and that nobody's does, once, however many tickers look."""

import asyncio
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

from tests.journeys.conftest import Shop

DUTY = "/v1/desk/on_call_schedules/duty"
EVENING = timedelta(hours=11)
"""From nine in the morning to eight in the evening, when the night takes over."""


async def change_duty(shop: Shop, status: int = 200, **fields: object) -> dict[str, Any]:
    duty = await shop.get(DUTY)
    answer = await shop.client.put(DUTY, json=duty | fields)
    assert answer.status_code == status, answer.text
    return dict(answer.json())


async def left(shop: Shop) -> list[tuple[str, str]]:
    """What leaves: to whom, and its subject as a reader sees it."""
    rows = await shop.app.engine.fetch("SELECT destination, body FROM outbox ORDER BY id")
    mails = [(to, message_from_bytes(body, policy=default)) for to, body in rows]
    return [(to, str(mail["Subject"])) for to, mail in mails]


async def look(shop: Shop, tickers: int = 1) -> None:
    await asyncio.gather(*(shop.app.ticker.watch_duty(shop.instant) for _ in range(tickers)))


async def test_who_takes_over_for_the_night_is_told_once_by_four_tickers(shop: Shop) -> None:
    await change_duty(shop, hand_off_notice=True)
    await look(shop)
    assert await left(shop) == []  # the shift that runs was handed over before anybody asked to be told
    shop.instant += EVENING
    night = (await shop.get("/v1/on-call"))["schedules"][0]["now"]["agent"]
    await look(shop, tickers=4)
    await look(shop)
    assert await left(shop) == [(f"{night}@shop.example.vn", "Bạn đang trực: duty")]


async def test_a_gap_is_told_a_day_ahead_and_seen_by_prometheus_when_it_comes(shop: Shop) -> None:
    layer = {
        "name": "office",
        "starts_on": "2026-01-05T08:00:00",
        "rotation": "daily",
        "agents": ["sales-lead"],
        "hours": {"mon": [["08:00", "17:00"]], "tue": [["00:00", "24:00"]], "wed": [["00:00", "12:00"]]},
    }
    monday_night = {"starts_at": "2026-03-02T17:00:00+07:00", "ends_at": "2026-03-03T00:00:00+07:00"}
    warning = {"notify": ["email:boss@shop.example.vn", "agent:warranty-lead"]}
    await change_duty(
        shop, layers=[layer], overrides=[monday_night | {"agent": "sales-lead"}], gap_warning=warning
    )
    await look(shop)
    assert await left(shop) == []
    shop.instant += timedelta(days=1, hours=3)  # noon on Tuesday: a day before Wednesday's gap
    await look(shop, tickers=2)
    assert sorted(await left(shop)) == [
        ("boss@shop.example.vn", "KHÔNG CÓ AI TRỰC: duty"),
        ("warranty-lead@shop.example.vn", "KHÔNG CÓ AI TRỰC: duty"),
    ]
    assert 'tickets_on_call{schedule="duty"} 1.0' in (await shop.client.get("/metrics")).text
    shop.instant += timedelta(days=1, minutes=1)
    await look(shop)
    assert len(await left(shop)) == 2
    assert 'tickets_on_call{schedule="duty"} 0.0' in (await shop.client.get("/metrics")).text


async def test_an_edit_that_makes_a_gap_now_is_told_at_the_next_look(shop: Shop) -> None:
    await change_duty(shop, gap_warning={"before": "PT1H", "notify": ["email:boss@shop.example.vn"]})
    await look(shop)
    await change_duty(shop, layers=[])
    await look(shop)
    assert await left(shop) == [("boss@shop.example.vn", "KHÔNG CÓ AI TRỰC: duty")]


async def test_a_warning_that_could_reach_nobody_is_refused(shop: Shop) -> None:
    problem = await change_duty(
        shop, 422, gap_warning={"before": "P90D", "notify": ["on_call:duty", "agent:nobody-we-know"]}
    )
    assert {fault["pointer"] for fault in problem["errors"]} == {
        "/gap_warning/before",
        "/gap_warning/notify/0",
        "/gap_warning/notify/1",
    }


async def test_who_cannot_be_told_of_a_hand_off_is_named(shop: Shop) -> None:
    agent = await shop.get("/v1/desk/agents/sales-hn-1")
    answer = await shop.client.put("/v1/desk/agents/sales-hn-1", json=agent | {"email": None})
    assert answer.status_code == 200, answer.text
    override = {
        "starts_at": "2026-03-02T17:00:00+07:00",
        "ends_at": "2026-03-03T00:00:00+07:00",
        "agent": "sales-hn-1",
    }
    problem = await change_duty(shop, 422, hand_off_notice=True, overrides=[override])
    assert [fault["pointer"] for fault in problem["errors"]] == ["/overrides/0/agent"]
