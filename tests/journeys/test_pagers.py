"""An alert rings in a room, in its language, and on the telephone of whoever is on call."""

import json
from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace
from tests.journeys.conftest import Shop
from tests.journeys.test_dead_deliveries import Post as Mail
from tests.worker.receiver import receiver

from tickets.adapters.direct import Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.pager import PagerWay
from tickets.adapters.webhook_address import Gate
from tickets.application.desk.model import Pager
from tickets.application.notices.page import read_page

DESK: dict[str, dict[str, object]] = {
    "agents/night": {"phone": "+84901234567", "teams": ["warranty"]},
    "agents/mute": {"teams": ["warranty"]},
    "on_call_schedules/nights": {
        "timezone": "Asia/Ho_Chi_Minh",
        "layers": [
            {"name": "all", "rotation": "weekly", "starts_on": "2026-01-05T08:00:00", "agents": ["night"]}
        ],
    },
    "pagers/room": {"service": "slack", "url_env": "ROOM", "language": "en"},
    "pagers/sms": {"service": "phone", "url_env": "SMS", "to": ["on_call:nights", "agent:mute"]},
    "escalation_policies/ringing": {
        "levels": [{"name": "broken", "after_due": "PT0S", "notify": ["pager:room", "pager:sms"]}],
        "fallback": ["pager:room"],
    },
    "sla_policies/ringing": {
        "order": 1,
        "when": {"tags": ["ring"]},
        "escalation": "ringing",
        "targets": [{"metric": "first_response", "budget": "PT1M"}],
    },
}


async def test_an_alert_rings_in_the_room_and_on_the_telephone_of_who_is_on_call(shop: Shop) -> None:
    for path, body in DESK.items():
        answer = await shop.client.put(f"/v1/desk/{path}", json=body)
        assert answer.is_success, answer.text
    ticket = await shop.post("/v1/tickets", {"subject": "Cháy hàng", "tags": ["ring"]})
    shop.instant += timedelta(minutes=2)
    await shop.tick()
    rows = await shop.app.engine.fetch("SELECT destination, body FROM outbox WHERE way = 'pager'")
    pages = {destination: read_page(body) for destination, body in rows}
    assert set(pages) == {"room", "sms/+84901234567"}
    assert pages["room"].title == "Normal: first response of #1 (broken) – Cháy hàng"
    assert (
        pages["sms/+84901234567"].title == "Bình thường: phản hồi đầu tiên của phiếu #1 (broken) – Cháy hàng"
    )
    assert pages["room"].url.endswith(f"/v1/tickets/{ticket['id']}")
    (alert,) = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"]
    assert alert["recipients"] == ["pager:room", "pager:sms:night", "pager:sms:mute"]


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def test_a_room_that_is_gone_is_disabled_its_alert_goes_to_the_fallback_and_it_is_enabled_again(
    shop: Shop,
) -> None:
    policy = {
        "levels": [{"name": "broken", "after_due": "PT0S", "notify": ["pager:room"]}],
        "fallback": ["email:manager@shop.vn"],
    }
    for path, body in (DESK | {"escalation_policies/ringing": policy}).items():
        assert (await shop.client.put(f"/v1/desk/{path}", json=body)).is_success
    ticket = await shop.post("/v1/tickets", {"subject": "@channel http://evil.example", "tags": ["ring"]})
    shop.instant += timedelta(minutes=2)
    await shop.tick()

    async def pager(key: str) -> Pager | None:
        return (await shop.app.parts.desks.current()).desk.pagers.get(key)

    async with receiver() as there:
        http = GatedHttp(Gate(["chat.example"], loopback))
        way = PagerWay(Post(http, shop.now), pager, {"ROOM": f"http://chat.example:{there.port}/T0/secret"})
        mail = Mail(shop)
        mail.deliver = replace(mail.deliver, ways={"email": mail, "pager": way})
        there.will_say("410 Gone", body=b"channel_is_archived")
        await mail.empty()
        assert mail.taken == ["manager@shop.vn"]
        found = await shop.get("/v1/endpoints/pager:room")
        assert (found["state"], found["dead"]) == ("disabled", 1)
        assert found["last_error"] == "slack answered 410: channel_is_archived: it is gone; change ROOM"
        died = [
            line["data"]
            for line in (await shop.get(f"/v1/tickets/{ticket['id']}/events"))["items"]
            if line["type"] == "delivery_dead"
        ]
        assert [line["instead"] for line in died] == [["email:manager@shop.vn"]]
        there.will_say("200 OK", body=b"ok")
        enabled = await shop.post("/v1/endpoints/pager:room/enable", status=200)
        assert enabled["state"] == "ready"
        again = await shop.post("/v1/outbox/replay", {"endpoint": "pager:room"}, status=200)
        assert again == {"replayed": 1}
        await mail.empty()
        await http.close()
    first, second = there.requests
    assert first.body == second.body
    said = json.loads(first.body)["text"]
    assert "@channel" not in said
    assert "http://evil" not in said
    assert (await shop.get("/v1/outbox?way=pager"))["items"][0]["state"] == "settled"
