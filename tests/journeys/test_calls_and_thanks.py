"""A missed call is a promise to call back; a "thank you" is none to work on."""

from typing import Any

from tests.journeys.conftest import Shop

PROMISES = {
    "order": 100,
    "calendar": "office",
    "targets": [
        {"metric": "callback", "budget": "PT1H"},
        {"metric": "resolution", "budget": "P3D", "quiet": "PT1H"},
        {"metric": "agent_work", "budget": "PT8H"},
    ],
}


async def promise(shop: Shop) -> None:
    answer = await shop.client.put("/v1/desk/sla_policies/standard", json=PROMISES)
    assert answer.status_code == 200, answer.text


async def call(shop: Shop, event: str, call_id: str = "c1", status: int = 200) -> dict[str, Any]:
    at = shop.instant.isoformat()
    body = {"event": event, "call_id": call_id, "at": at, "from": "0901234567"}
    return await shop.post("/v1/intake/hotline/1900", body, status=status)


async def clocks(shop: Shop, ticket: str) -> dict[str, str]:
    found = await shop.get(f"/v1/tickets/{ticket}/sla")
    return {clock["metric"]: clock["state"] for clock in found["clocks"]}


async def test_a_missed_call_is_called_back_or_breaks_a_promise(shop: Shop) -> None:
    await promise(shop)
    ticket = (await call(shop, "missed", status=201))["ticket"]
    assert (await clocks(shop, ticket))["callback"] == "running"
    await shop.pass_time(minutes=90)
    assert (await clocks(shop, ticket))["callback"] == "breached"
    assert "sla.breached" in await shop.events(ticket)


async def test_a_policy_for_missed_calls_promises_from_the_first_of_them_on(shop: Shop) -> None:
    answer = await shop.client.put(
        "/v1/desk/sla_policies/missed", json={**PROMISES, "order": 5, "when": {"tags": ["missed_call"]}}
    )
    assert answer.status_code == 200, answer.text
    ticket = (await call(shop, "missed", status=201))["ticket"]
    found = await shop.get(f"/v1/tickets/{ticket}")
    assert "missed" in {clock["policy"] for clock in found["clocks"]}
    assert found["tags"] == ["call", "missed_call"]


async def test_an_answered_call_is_the_callback(shop: Shop) -> None:
    await promise(shop)
    ticket = (await call(shop, "missed", status=201))["ticket"]
    await shop.pass_time(minutes=10)
    await call(shop, "answered")
    assert (await clocks(shop, ticket))["callback"] == "met"


async def test_thanks_soon_after_solving_reopen_nothing_and_a_message_later_does(shop: Shop) -> None:
    await promise(shop)
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    path = f"/v1/tickets/{ticket['id']}"
    await shop.post(f"{path}/solve", status=200)
    await shop.pass_time(minutes=59)
    await shop.post(f"{path}/messages", {"kind": "customer_message", "text": "Cảm ơn"})
    assert (await shop.get(path))["status"] == "solved"
    await shop.pass_time(minutes=1)
    await shop.post(f"{path}/messages", {"kind": "customer_message", "text": "Lại hỏng rồi"})
    assert (await shop.get(path))["status"] == "open"
    assert (await clocks(shop, ticket["id"]))["agent_work"] == "running"


async def test_a_call_reported_late_counts_alike_in_the_clocks_and_in_their_explanation(shop: Shop) -> None:
    await promise(shop)
    ticket = (await call(shop, "missed", status=201))["ticket"]
    await shop.pass_time(minutes=50)
    reported = {"event": "answered", "call_id": "c1", "from": "0901234567", "at": "1970-01-01T00:00:00Z"}
    await shop.post("/v1/intake/hotline/1900", reported, status=200)
    explained = await shop.get(f"/v1/tickets/{ticket}/sla/explain")
    states = {each["clock"]["metric"]: each["clock"]["state"] for each in explained["clocks"]}
    assert states == await clocks(shop, ticket)
    assert states["callback"] == "met"


async def test_an_internal_note_answers_nobody(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng"})
    path = f"/v1/tickets/{ticket['id']}"
    await shop.post(f"{path}/messages", {"kind": "internal_note", "text": "Gọi hãng"})
    assert (await clocks(shop, ticket["id"]))["first_response"] == "running"
    await shop.post(f"{path}/messages", {"kind": "public_reply", "text": "Chào anh"})
    assert (await clocks(shop, ticket["id"]))["first_response"] == "met"
