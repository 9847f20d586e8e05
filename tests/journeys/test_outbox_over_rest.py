"""What could not leave is seen, understood and sent after all, without anybody at the database."""

from datetime import timedelta
from uuid import UUID

from msgspec.structs import replace
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem
from tests.worker.stage import Attempt, Obedient, delivery

from tickets.application.outbox.deliver import Dead, Deliver, Outcome, Settled

GONE = Outcome.refused("answered 410: it is gone", gone="https://crm.example/old")
REFUSED = Outcome.refused("answered 413")


async def written(shop: Shop, count: int, destination: str = "crm") -> list[UUID]:
    """Rows of that many events for a webhook."""
    answer = await shop.client.put(
        f"/v1/desk/webhooks/{destination}",
        json={"url": "https://crm.example/old", "events": ["ticket.opened"]},
    )
    assert answer.status_code == 200
    for n in range(count):
        await shop.post("/v1/tickets", {"subject": f"{destination} {n}"})
    rows = await shop.app.engine.fetch(
        "SELECT id FROM outbox WHERE way = 'webhook' AND destination = $1 ORDER BY id", destination
    )
    return [row for (row,) in rows]


def through(shop: Shop, way: Obedient) -> Deliver:
    made = delivery(shop.app.engine, shop.now, webhook=way)
    outbox = shop.app.outbox
    return replace(made, outbox=outbox, bury=outbox.conclude, settle=outbox.conclude)


async def turns(shop: Shop) -> list[str]:
    """What came of endpoints, as Prometheus sees it."""
    lines = (await shop.client.get("/metrics")).text.splitlines()
    named = [line for line in lines if line.startswith("tickets_endpoint_turns_total{")]
    return sorted(line.partition("{")[2] for line in named if not line.endswith(" 0.0"))


async def test_dead_rows_are_listed_page_by_page_and_by_what_is_asked(shop: Shop) -> None:
    rows = await written(shop, 5)
    for row in rows[:3]:
        assert isinstance(await through(shop, Obedient(REFUSED))(row), Dead)
    first = await shop.get("/v1/outbox?state=dead&endpoint=webhook:crm&limit=2")
    second = await shop.get(first["next"])
    listed = [item["id"] for item in first["items"] + second["items"]]
    assert listed == [str(row) for row in reversed(rows[:3])]
    assert second["next"] is None
    item = first["items"][0]
    assert (item["attempts"], item["last_error"], item["way"]) == (1, "answered 413", "webhook")
    assert "body" not in item
    assert (await shop.get("/v1/outbox?state=dead&way=email"))["items"] == []
    assert len((await shop.get("/v1/outbox?state=pending&destination=crm"))["items"]) == 2
    assert await shop.get(f"/v1/outbox/{listed[0]}") == item
    problem(await shop.client.get(f"/v1/outbox/{NOBODY}"), 404)


async def test_one_is_replayed_once_however_often_it_is_asked_for(shop: Shop) -> None:
    (row,) = await written(shop, 1)
    way = Obedient(REFUSED, Outcome.sent())
    await through(shop, way)(row)
    path, key = f"/v1/outbox/{row}/replay", {"Idempotency-Key": "again"}
    replayed = await shop.post(path, status=200, headers=key)
    assert (replayed["state"], replayed["attempts"]) == ("pending", 0)
    assert await shop.post(path, status=200, headers=key) == replayed
    assert (await shop.post(path, status=200))["state"] == "pending"
    assert await through(shop, way)(row) == Settled()
    first, second = way.attempts
    assert first == second
    assert isinstance(first, Attempt)
    assert "settled" in problem(await shop.client.post(path), 409)["detail"]
    assert shop.app.outbox_rung.is_set()


async def test_all_of_a_destination_are_replayed_and_nobody_elses(shop: Shop) -> None:
    mine = await written(shop, 3)
    others = await written(shop, 1, "other")
    for row in [*mine, *others]:
        await through(shop, Obedient(REFUSED))(row)
    answer = await shop.post("/v1/outbox/replay", {"endpoint": "webhook:crm"}, status=200)
    assert answer == {"replayed": len(mine)}
    assert (await shop.post("/v1/outbox/replay", {"endpoint": "webhook:crm"}, status=200))["replayed"] == 0
    misspelt = await shop.client.post("/v1/outbox/replay", json={"endpoint": "webhook:cmr"})
    assert "webhook:cmr" in problem(misspelt, 404)["detail"]
    dead = (await shop.get("/v1/outbox?state=dead"))["items"]
    assert {item["destination"] for item in dead} == {"other"}


async def test_an_endpoint_that_is_gone_is_seen_counted_and_enabled_again(shop: Shop) -> None:
    rows = await written(shop, 3)
    way = Obedient(GONE, Outcome.sent())
    for row in rows:
        assert isinstance(await through(shop, way)(row), Dead)
    assert len(way.attempts) == 1
    (found,) = (await shop.get("/v1/endpoints"))["items"]
    assert (found["name"], found["state"], found["dead"]) == ("webhook:crm", "disabled", 3)
    assert found["last_error"] == "answered 410: it is gone"
    seen = (await shop.client.get("/metrics")).text
    assert 'tickets_endpoints{state="disabled"} 1.0' in seen
    assert await turns(shop) == ['state="disabled",way="webhook"} 1.0']
    enabled = await shop.post("/v1/endpoints/webhook:crm/enable", status=200)
    assert (enabled["state"], enabled["disabled_at"]) == ("ready", None)
    assert await shop.post("/v1/endpoints/webhook:crm/enable", status=200) == enabled
    assert await turns(shop) == [
        'state="disabled",way="webhook"} 1.0',
        'state="ready",way="webhook"} 1.0',
    ]
    await shop.post("/v1/outbox/replay", {"endpoint": "webhook:crm"}, status=200)
    for row in rows:
        assert await through(shop, way)(row) == Settled()
    problem(await shop.client.post("/v1/endpoints/webhook:nobody/enable"), 404)
    problem(await shop.client.get("/v1/endpoints/webhook:nobody"), 404)


async def test_what_waits_for_an_endpoint_in_trouble_is_seen_with_its_last_error(shop: Shop) -> None:
    rows = await written(shop, 6)
    for row in rows:
        await through(shop, Obedient(Outcome.failed("answered 503")))(row)
    found = await shop.get("/v1/endpoints/webhook:crm")
    assert (found["state"], found["failures"], found["pending"], found["held"]) == ("open", 4, 6, 2)
    assert (found["last_error"], found["most_attempts"]) == ("answered 503", 1)
    assert 'tickets_endpoints{state="open"} 1.0' in (await shop.client.get("/metrics")).text
    assert await turns(shop) == ['state="open",way="webhook"} 1.0']
    shop.instant += timedelta(minutes=1)
    await shop.post("/v1/endpoints/webhook:crm/enable", status=200)
    assert await through(shop, Obedient())(rows[0]) == Settled()
