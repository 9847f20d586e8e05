"""The hotline: every call in vain is called back once, whatever the telephone system says and when."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.conftest import Shop

DATA = Path(os.environ.get("TICKETS_TEST_DATA", "../shared/data")) / "calls"
PROMISES = {"order": 5, "calendar": "hotline", "targets": [{"metric": "callback", "budget": "PT1H"}]}
CALLER = "0901 234 567"


async def call(shop: Shop, event: str, call_id: str = "c1", **more: object) -> dict[str, Any]:
    body = {"event": event, "call_id": call_id, "at": shop.instant.isoformat(), "from": CALLER, **more}
    answer = await shop.client.post("/v1/intake/hotline/1900", json=body)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def promise(shop: Shop) -> None:
    answer = await shop.client.put("/v1/desk/sla_policies/missed", json=PROMISES)
    assert answer.status_code == 200, answer.text


async def callback(shop: Shop, ticket: str) -> list[str]:
    clocks = (await shop.get(f"/v1/tickets/{ticket}/sla"))["clocks"]
    return [clock["state"] for clock in clocks if clock["metric"] == "callback"]


async def tickets(shop: Shop) -> list[dict[str, Any]]:
    return list((await shop.get("/v1/tickets?channel=hotline&limit=200"))["items"])


async def test_a_caller_who_hangs_up_in_the_queue_is_owed_a_call_back(shop: Shop) -> None:
    await promise(shop)
    ticket = (await call(shop, "started"))["ticket"]
    await call(shop, "queued")
    await shop.pass_time(seconds=40)
    await call(shop, "ended")
    assert await callback(shop, ticket) == ["running"]
    (known,) = (await shop.get(f"/v1/tickets/{ticket}/calls"))["items"]
    assert (known["outcome"], known["waited"], known["line"]) == ("abandoned", 40, "1900")
    assert "missed_call" in (await shop.get(f"/v1/tickets/{ticket}"))["tags"]


async def test_who_tries_again_is_called_back_once(shop: Shop) -> None:
    await promise(shop)
    first = (await call(shop, "missed"))["ticket"]
    await shop.pass_time(minutes=5)
    assert (await call(shop, "missed", "c2", **{"from": "+84901234567"}))["ticket"] == first
    assert (await call(shop, "missed", "c3", **{"from": "0084901234567"}))["ticket"] == first
    assert len(await tickets(shop)) == 1
    await call(shop, "started", "c4")
    await call(shop, "answered", "c4")
    assert await callback(shop, first) == ["met"]
    await shop.pass_time(minutes=5)
    assert (await call(shop, "missed", "c5"))["ticket"] != first
    assert len(await tickets(shop)) == 2


async def test_two_strangers_without_a_number_are_two(shop: Shop) -> None:
    for call_id, number in (("a", "anonymous"), ("b", "anonymous"), ("c", "113"), ("d", "")):
        await call(shop, "missed", call_id, **{"from": number})
    assert len(await tickets(shop)) == 4


async def test_a_call_of_ours_that_is_answered_keeps_the_promise(shop: Shop) -> None:
    await promise(shop)
    ticket = (await call(shop, "missed"))["ticket"]
    ours = {"from": "1900", "to": "84901234567", "direction": "outgoing", "agent": "sales-lead"}
    await shop.pass_time(minutes=10)
    await call(shop, "started", "o1", **ours)
    await call(shop, "ended", "o1", **ours)
    assert await callback(shop, ticket) == ["running"]
    await shop.pass_time(minutes=10)
    for event in ("started", "answered", "ended", "answered"):
        assert (await call(shop, event, "o2", **ours))["ticket"] == ticket
    assert await callback(shop, ticket) == ["met"]
    calls = (await shop.get(f"/v1/tickets/{ticket}/calls"))["items"]
    assert [each["outcome"] for each in calls] == ["missed", "unanswered", "answered"]
    assert (await shop.events(ticket)).count("call_answered") == 1


async def test_a_call_of_ours_to_a_stranger_is_no_ticket(shop: Shop) -> None:
    ours = {"to": "0909999999", "direction": "outgoing"}
    for event in ("started", "answered", "ended"):
        assert await call(shop, event, "o1", **ours) == {"ticket": None, "number": None}
    assert await tickets(shop) == []
    assert (await shop.get("/v1/envelopes?state=received"))["items"] == []


@pytest.mark.parametrize("order", list(itertools.permutations(("started", "queued", "ended"))))
async def test_events_in_any_order_and_twice_are_one_call(shop: Shop, order: tuple[str, ...]) -> None:
    at = {"started": 0, "queued": 1, "ended": 30}
    for event in (*order, *order):
        instant = shop.instant.replace(second=at[event]).isoformat()
        await call(shop, event, at=instant)
    (ticket,) = await tickets(shop)
    assert (await shop.events(ticket["id"])).count("call_missed") == 1
    (known,) = (await shop.get(f"/v1/tickets/{ticket['id']}/calls"))["items"]
    assert (known["outcome"], known["waited"]) == ("abandoned", 30)


async def test_a_hang_up_that_never_comes_is_not_waited_for(shop: Shop) -> None:
    await promise(shop)
    ticket = (await call(shop, "started"))["ticket"]
    calls = shop.app.parts.porter.calls
    await shop.pass_time(minutes=29)
    assert await calls.close_silent(shop.instant) == 0
    await shop.pass_time(minutes=1)
    assert await calls.close_silent(shop.instant) == 1
    assert await calls.close_silent(shop.instant) == 0
    assert await callback(shop, ticket) == ["running"]
    (known,) = (await shop.get(f"/v1/tickets/{ticket}/calls"))["items"]
    assert (known["timed_out"], known["outcome"]) == (True, "missed")


async def exchange(shop: Shop, **line: object) -> str:
    """The own URL of a hotline with an exchange."""
    body = {"number": "+493060000000", "country": "DE", **line}
    answer = await shop.client.put("/v1/desk/hotlines/pbx", json=body)
    assert answer.status_code in {200, 201}, answer.text
    url: str = (await shop.get("/v1/hotlines/pbx/url"))["url"]
    return "/v1/" + url.split("/v1/")[1]


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
async def test_the_recorded_pushes_come_to_their_calls(shop: Shop) -> None:
    path = await exchange(shop, exchange="push")
    for push in json.loads((DATA / "sipgate_webhooks.json").read_text()):
        token = push["expect_status"] == "unauthorized"
        answer = await shop.client.post(
            "/v1/exchange/pbx/not_existing_token" if token else path,
            content=push["form_encoded"],
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert answer.status_code == (401 if token else 204), answer.text
        await shop.pass_time(seconds=1)
    found = await shop.app.engine.fetch("SELECT call_id, direction, outcome FROM call ORDER BY call_id")
    assert {(row[0], row[1]): row[2] for row in found} == {
        ("1234567890-1", "out"): "unanswered",
        ("1234567890-2", "out"): "answered",
        ("1234567890-3", "in"): "answered",
        ("1234567890-4", "in"): "missed",
        ("1234567890-5", "in"): "missed",
        ("1234567890-6", "in"): "open",
        ("4991155921769858278-1", "in"): "open",
        ("4991155921769858278-2", "in"): "open",
        ("4991155921769858278-6", "in"): "open",
        ("8621106404543334274-3", "out"): "open",
        ("8621106404543334274-4", "out"): "open",
        ("8621106404543334274-5", "out"): "open",
    }
    owed = [each for each in await tickets(shop) if "missed_call" in each["tags"]]
    assert len(owed) == 1


async def test_an_exchange_that_can_only_get_is_heard(shop: Shop) -> None:
    mapping = {
        "call_id": "uid",
        "event": "st",
        "caller": "src",
        "events": {"RING": "ringing", "BYE": "hung_up"},
    }
    path = await exchange(shop, exchange="mapped", mapping=mapping)
    for state in ("RING", "BYE", "BYE"):
        answer = await shop.client.get(path, params={"uid": "7", "st": state, "src": "030123456789"})
        assert answer.status_code == 204, answer.text
        await shop.pass_time(seconds=5)
    (ticket,) = await tickets(shop)
    assert "missed_call" in ticket["tags"]
    assert (await shop.client.get(path[:-1], params={"uid": "7"})).status_code == 401
    assert (await shop.client.get(path, params={"st": "RING"})).status_code == 422
    assert len((await shop.get("/v1/envelopes?state=quarantined"))["items"]) == 1


async def test_twilio_is_held_to_its_signature(shop: Shop) -> None:
    path = await exchange(shop, exchange="twilio", secret_env="NO_SUCH_TOKEN")
    body = {"CallSid": "CA1", "CallStatus": "ringing", "From": "+4930123456", "Direction": "inbound"}
    answer = await shop.client.post(
        path, data=body, headers={"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="}
    )
    assert answer.status_code == 403
    assert await tickets(shop) == []
    assert (await shop.get("/v1/envelopes"))["items"] == []


@pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data")
async def test_a_days_log_of_asterisk_may_be_sent_again_and_again(shop: Shop) -> None:
    await shop.client.put("/v1/desk/hotlines/pbx", json={"number": "+84281234567"})
    body = next((DATA / "asterisk_cel").glob("025_*.csv")).read_bytes()
    for _ in range(2):
        answer = await shop.client.post(
            "/v1/intake/hotline/pbx", content=body, headers={"Content-Type": "text/csv"}
        )
        assert answer.is_success, answer.text
    (ticket,) = await tickets(shop)
    assert "missed_call" in ticket["tags"]


async def test_who_answers_sees_the_customer(shop: Shop) -> None:
    ticket = (await call(shop, "started"))["ticket"]
    await call(shop, "answered", agent="sales-lead")
    await call(shop, "answered", agent="sales-lead")
    (line,) = await shop.app.parts.calls.stream("sales-lead", 0, 10)
    card = json.loads(bytes(line.data))
    assert (line.type, card["ticket"], card["number"]) == ("call.answered", ticket, "+84901234567")
    assert card["customer"]["identities"] == [{"kind": "phone", "value": "+84901234567"}]


async def test_streams_are_for_agents_that_exist_and_for_oneself(shop: Shop) -> None:
    assert (await shop.client.get("/v1/agents/me/events")).status_code == 403
    assert (await shop.client.get("/v1/agents/nobody/events")).status_code == 404
