"""A webhook's secret is renewed while calls go on, and not one fails its receiver's check."""

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError
from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import problem
from tests.worker.receiver import Receiver, Request, receiver
from tests.worker.stage import delivery
from tests.worker.test_endpoints import dice

from tickets.adapters.webhook import Webhook
from tickets.adapters.webhook_address import Gate
from tickets.application.outbox.deliver import Settled
from tickets.persistence.endpoints import PostgresEndpoints
from tickets.worker.endpoints import Endpoints

SECRET = "/v1/webhooks/crm/secret"


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture
async def there(shop: Shop) -> AsyncIterator[Receiver]:
    """A receiver that is the webhook `crm` and hears of new tickets."""
    shop.instant = datetime.now(UTC)  # verifiers compare with the real time
    async with receiver() as made:
        url = f"http://crm.example:{made.port}/"
        answer = await shop.client.put(
            "/v1/desk/webhooks/crm", json={"url": url, "events": ["ticket.opened"]}
        )
        assert answer.status_code == 200, answer.text
        yield made


class Workers:
    """Two worker processes that send what there is, in turn."""

    def __init__(self, shop: Shop, there: Receiver) -> None:
        self.shop = shop
        self.there = there
        engine, gate = shop.app.engine, Gate(["crm.example"], loopback)
        self.each = []
        for n in range(2):
            found = Endpoints(PostgresEndpoints(engine), shop.app.parts.desks, {}, dice(n), shop.now)
            self.each.append((found, delivery(engine, shop.now, webhook=Webhook(found, gate, shop.now))))

    async def send(self) -> Request:
        """One new ticket, told."""
        await self.shop.post("/v1/tickets", {"subject": "Máy giặt"})
        (row,) = await self.shop.app.engine.fetch_row("SELECT id FROM outbox WHERE state = 'pending'") or (
            None,
        )
        assert row is not None
        self.each.reverse()
        endpoints, deliver = self.each[0]
        await endpoints.refresh()
        assert await deliver(row) == Settled()
        return self.there.requests[-1]


def accepts(secret: str, request: Request) -> bool:
    """Whether a receiver with this secret takes it."""
    try:
        return bool(Verifier(secret).verify(request.body, request.headers) == json.loads(request.body))
    except WebhookVerificationError:
        return False


async def renewed(shop: Shop, **body: str) -> str:
    secret: str = (await shop.post(SECRET, body, status=200))["secret"]
    return secret


async def test_no_delivery_fails_while_a_secret_is_renewed(shop: Shop, there: Receiver) -> None:
    workers = Workers(shop, there)
    old = await renewed(shop)
    assert accepts(old, await workers.send())
    new = await renewed(shop, overlap="PT1H")
    for _ in range(4):  # whichever of the two the receiver has got by now, from whichever worker
        request = await workers.send()
        assert accepts(old, request)
        assert accepts(new, request)
    shop.instant += timedelta(hours=1)
    there.requests.clear()
    request = await workers.send()
    assert request.headers["webhook-signature"].count("v1,") == 1
    at_that_time = {**request.headers}
    assert at_that_time["webhook-timestamp"] == str(int(shop.instant.timestamp()))


async def test_a_secret_is_shown_once(shop: Shop, there: Receiver) -> None:
    assert there.port
    key = {"Idempotency-Key": "rotate"}
    first = await shop.post(SECRET, {}, status=200, headers=key)
    again = await shop.post(SECRET, {}, status=200, headers=key)
    assert first["secret"].startswith("whsec_")
    assert again == {**first, "secret": None}
    assert first["secret"] not in (await shop.client.get("/v1/desk")).text
    assert first["secret"] not in (await shop.client.get("/v1/desk/webhooks/crm")).text


async def test_the_old_one_may_be_dropped_at_once(shop: Shop, there: Receiver) -> None:
    workers = Workers(shop, there)
    old = await renewed(shop)
    new = await renewed(shop, overlap="PT0S")
    request = await workers.send()
    assert accepts(new, request)
    assert not accepts(old, request)


async def test_what_cannot_be_renewed_says_why(shop: Shop, there: Receiver) -> None:
    assert there.port
    problem(await shop.client.post("/v1/webhooks/nobody/secret", json={}), 404)
    problem(await shop.client.post(SECRET, json={"overlap": "soon"}), 422, "/overlap")
    problem(await shop.client.post(SECRET, json={"overlap": "P60D"}), 422, "/overlap")
    answer = await shop.client.put(
        "/v1/desk/webhooks/crm", json={"url": "https://crm.example/", "secret_env": "CRM_SECRET"}
    )
    assert answer.status_code == 200
    assert "CRM_SECRET" in problem(await shop.client.post(SECRET, json={}), 409)["detail"]
