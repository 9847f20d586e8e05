"""An alert rings in a room, in its language, and on the telephone of whoever is on call."""

from datetime import timedelta

from tests.journeys.conftest import Shop

from tickets.application.page import read_page

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
