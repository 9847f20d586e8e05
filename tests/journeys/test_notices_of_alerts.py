"""An alert reads as its recipient reads: their language, the desk's clock, the ticket's true number."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from tests.journeys.conftest import Shop

QUICK = {"order": 1, "when": {"tags": ["quick"]}, "escalation": "standard"}
SHORTER_THAN_ITS_WARNING = [
    {"metric": metric, "budget": "PT20M"} for metric in ("first_response", "resolution")
]


async def mails(shop: Shop) -> list[EmailMessage]:
    """What has to leave by mail, in the order it was written."""
    rows = await shop.app.engine.fetch("SELECT body FROM outbox WHERE way = 'email' ORDER BY id")
    return [message_from_bytes(body, policy=default) for (body,) in rows]


async def put(shop: Shop, path: str, body: object) -> None:
    """Publish an object of the desk."""
    answer = await shop.client.put(f"/v1/desk/{path}", json=body)
    assert answer.status_code == 200, answer.text


async def test_an_alert_raised_while_its_ticket_is_opened_has_the_number_it_will_have(shop: Shop) -> None:
    """A promise shorter than its warning, on a call that was answered before we heard that it began."""
    calls = {**QUICK, "when": {"channel": ["hotline"]}, "targets": SHORTER_THAN_ITS_WARNING}
    await put(shop, "sla_policies/quick", calls)
    before = await shop.post("/v1/tickets", {"subject": "Trước"})
    call = {"call_id": "c-1", "event": "answered", "at": "2026-03-02T02:00:00Z", "from": "0987654321"}
    received = await shop.post("/v1/intake/hotline/1900", call)
    assert received["number"] > before["number"]
    found = await mails(shop)
    assert found
    for mail in found:
        assert f"phiếu #{received['number']} " in mail["subject"]
        assert f"Phiếu: #{received['number']} " in mail.get_content()
    assert (await shop.get(f"/v1/tickets/{received['ticket']}"))["number"] == received["number"]
    after = await shop.post("/v1/tickets", {"subject": "Sau"})
    assert after["number"] > received["number"]


async def test_it_is_in_the_language_of_who_reads_it_and_shows_the_clock_of_the_desk(shop: Shop) -> None:
    lead = await shop.get("/v1/desk/agents/sales-lead")
    await put(shop, "agents/sales-lead", {**lead, "languages": ["en", "vi"]})
    await put(shop, "sla_policies/quick", {**QUICK, "targets": SHORTER_THAN_ITS_WARNING})
    ticket = await shop.post("/v1/tickets", {"subject": "Gấp", "tags": ["quick"]})
    await shop.post(f"/v1/tickets/{ticket['id']}/assign", {"agent": "sales-hn-1"}, status=200)
    await shop.pass_time(minutes=30)
    by_reader = {mail["to"]: mail.get_content() for mail in await mails(shop)}
    to_lead, to_holder = (by_reader[f"{who}@shop.example.vn"] for who in ("sales-lead", "sales-hn-1"))
    assert "needs attention" in to_lead
    assert "Level reached: 2026-03-02 09:20:00+07:00" in to_lead
    assert "cần được xử lý" in to_holder
    assert "Hạn: 2026-03-02 09:20:00+07:00" in to_holder
