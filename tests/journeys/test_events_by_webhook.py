"""Other systems hear of what happens to tickets: written with the change, in their order's own words."""

import json
from typing import Any

import msgspec
import pytest
from tests.journeys.conftest import Shop
from tests.worker.stage import Obedient, delivery

from tickets.adapters.webhook import media_type
from tickets.application.desk.listeners import Listeners
from tickets.application.desk.model import Webhook
from tickets.application.outbox.deliver import Dead, Outcome
from tickets.application.outbox.give_up import GiveUp

HOOK = "https://crm.example/hook"
CUSTOMER = {"name": "Lan", "email": "lan@example.vn", "phone": "0903123456"}


async def listening(shop: Shop, *events: str, key: str = "crm", **more: str) -> None:
    """A webhook that hears of these."""
    answer = await shop.client.put(f"/v1/desk/webhooks/{key}", json={"url": HOOK, "events": events, **more})
    assert answer.status_code == 200, answer.text


async def told(shop: Shop) -> list[dict[str, Any]]:
    """The bodies of the webhooks that stand in the outbox, in the order of writing."""
    rows = await shop.app.engine.fetch("SELECT body FROM outbox WHERE way = 'webhook' ORDER BY id")
    return [json.loads(body) for (body,) in rows]


async def opened(shop: Shop) -> str:
    body = {"subject": "Tủ lạnh không lạnh", "text": "Giúp tôi", "customer": CUSTOMER}
    ticket: str = (await shop.post("/v1/tickets", body))["id"]
    return ticket


async def test_every_line_of_a_history_is_told_once_with_its_place(shop: Shop) -> None:
    await listening(shop, "*")
    ticket = await opened(shop)
    await shop.post(f"/v1/tickets/{ticket}/messages", {"kind": "public_reply", "text": "Chào chị"})
    await shop.post(f"/v1/tickets/{ticket}/solve", status=200)
    await shop.pass_time(hours=1)
    history = (await shop.get(f"/v1/tickets/{ticket}/events?limit=200"))["items"]
    bodies = await told(shop)
    places = [(each["data"]["event"]["epoch"], each["data"]["event"]["position"]) for each in bodies]
    assert places == sorted(places)
    assert places == [(line["epoch"], line["position"]) for line in history]
    assert [each["type"].removeprefix("ticket.") for each in bodies] == [line["type"] for line in history]
    first = bodies[0]
    assert first["type"] == "ticket.opened"
    assert first["data"]["ticket"]["number"] == (await shop.get(f"/v1/tickets/{ticket}"))["number"]
    assert bodies[-1]["data"]["ticket"]["status"] == "solved"
    assert shop.app.outbox_rung.is_set()


async def test_nothing_of_the_customer_leaves_but_ids(shop: Shop) -> None:
    await listening(shop, "*")
    ticket = await opened(shop)
    await shop.post(
        f"/v1/tickets/{ticket}/messages", {"kind": "public_reply", "text": "Mời chị qua cửa hàng"}
    )
    said = json.dumps(await told(shop), ensure_ascii=False)
    for secret in ("Lan", "lan@example.vn", "+84903123456", "Giúp tôi", "cửa hàng"):
        assert secret not in said


async def test_a_webhook_hears_what_it_asked_for_and_nothing_else(shop: Shop) -> None:
    await listening(shop, "ticket.opened", "sla.breached")
    await listening(shop, "sla.*", key="clocks")
    body = {"subject": "Diễn tập", "tags": ["drill"]}
    await shop.post("/v1/tickets", body)
    await shop.pass_time(seconds=30)
    rows = await shop.app.engine.fetch(
        "SELECT destination, cause ->> 'event' FROM outbox WHERE cause ? 'event'"
    )
    assert [event for key, event in rows if key == "crm"] == ["ticket.opened", "sla.breached"]
    clocks = [event for key, event in rows if key == "clocks"]
    assert {event.partition(".")[0] for event in clocks} == {"sla"}
    assert "sla.breached" in clocks


async def test_when_nobody_asked_nothing_is_written_and_no_number_is_drawn_ahead(shop: Shop) -> None:
    answer = await shop.client.put("/v1/desk/webhooks/crm", json={"url": HOOK})
    assert answer.status_code == 200
    await opened(shop)
    assert await told(shop) == []
    assert not shop.app.parts.desks.listened_to()


async def test_a_change_that_does_not_happen_is_not_told(shop: Shop) -> None:
    await listening(shop, "*")
    ticket = await opened(shop)
    before = len(await told(shop))
    await shop.post(f"/v1/tickets/{ticket}/solve", status=412, headers={"If-Match": '"7"'})
    assert len(await told(shop)) == before


async def test_cloudevents_are_what_cncf_says_they_are(shop: Shop) -> None:
    await listening(shop, "ticket.opened", format="cloudevents")
    ticket = await opened(shop)
    ((row, body),) = await shop.app.engine.fetch("SELECT id, body FROM outbox WHERE way = 'webhook'")
    event = json.loads(body)
    assert (event["specversion"], event["id"], event["type"]) == ("1.0", str(row), "ticket.opened")
    assert event["source"] == shop.app.settings.public_url
    assert event["subject"] == f"/v1/tickets/{ticket}"
    assert event["time"] == "2026-03-02T02:00:00Z"
    assert event["datacontenttype"] == "application/json"
    assert event["data"]["ticket"]["subject"] == "Tủ lạnh không lạnh"
    assert media_type(body) == "application/cloudevents+json"
    assert media_type(b'{"type":"ticket.opened"}') == "application/json"


async def test_an_alert_reaches_a_webhook_in_the_format_it_asked_for(shop: Shop) -> None:
    await listening(shop, format="cloudevents")
    policy = {
        "levels": [{"name": "all", "after_due": "PT0S", "notify": ["webhook:crm"]}],
        "fallback": ["webhook:crm"],
    }
    answer = await shop.client.put("/v1/desk/escalation_policies/urgent", json=policy)
    assert answer.status_code == 200, answer.text
    await shop.post("/v1/tickets", {"subject": "Diễn tập", "tags": ["drill"]})
    await shop.pass_time(seconds=21)
    (event,) = await told(shop)
    assert (event["specversion"], event["type"]) == ("1.0", "alert.raised")
    assert event["data"]["alert"]["level"] == "all"


async def test_an_event_that_cannot_leave_changes_no_ticket_and_so_tells_no_further_event(shop: Shop) -> None:
    await listening(shop, "*")
    ticket = await opened(shop)
    parts, way = shop.app.parts, Obedient(Outcome.refused("answered 410"))
    deliver = msgspec.structs.replace(
        delivery(shop.app.engine, shop.now, webhook=way), bury=GiveUp(parts.house, shop.app.outbox)
    )
    before = await shop.events(ticket)
    rows = await shop.app.engine.fetch("SELECT id FROM outbox WHERE way = 'webhook'")
    assert {type(await deliver(row)) for (row,) in rows} == {Dead}
    assert await shop.events(ticket) == before
    assert len(await told(shop)) == len(rows)


@pytest.mark.parametrize(
    ("events", "heard"),
    [
        ((), ()),
        (("*",), ("opened", "sla.breached", "routing.waiting")),
        (("ticket.*",), ("opened",)),
        (("sla.*", "sla.breached"), ("sla.breached",)),
        (("routing.waiting", "ticket.opened"), ("opened", "routing.waiting")),
    ],
)
def test_who_hears_of_what(events: tuple[str, ...], heard: tuple[str, ...]) -> None:
    listeners = Listeners([Webhook(key="a", url=HOOK, events=events)])
    assert bool(listeners) == bool(events)
    lines = ("opened", "sla.breached", "routing.waiting")
    assert tuple(line for line in lines if listeners.of(line)) == heard
