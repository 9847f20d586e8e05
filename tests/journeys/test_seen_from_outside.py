"""What Prometheus sees of a day at the shop."""

from tests.journeys.conftest import Shop


async def scraped(shop: Shop) -> dict[str, float]:
    """Every sample of /metrics, by name and labels."""
    lines = (await shop.client.get("/metrics")).text.splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in samples}


async def test_a_status_nobody_is_in_any_more_reads_zero_instead_of_vanishing(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Hỏi giờ mở cửa"})
    seen = await scraped(shop)
    assert seen['tickets_backlog{status="new"}'] == 1
    assert seen["tickets_waiting"] == 1
    await shop.post(f"/v1/tickets/{ticket['id']}/solve", status=200)
    seen = await scraped(shop)
    assert seen['tickets_backlog{status="new"}'] == 0
    assert seen["tickets_waiting"] == 0


async def test_what_must_leave_has_an_age(shop: Shop) -> None:
    assert (await scraped(shop))["tickets_outbox_age_seconds"] == 0
    await shop.post("/v1/tickets", {"subject": "Diễn tập", "tags": ["drill"]})
    await shop.pass_time(seconds=30)
    await shop.pass_time(seconds=60)
    seen = await scraped(shop)
    assert seen['tickets_outbox_size{state="pending"}'] > 0
    assert seen["tickets_outbox_age_seconds"] > 60
