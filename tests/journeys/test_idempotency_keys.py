"""`Idempotency-Key` on every POST that does something."""

import json
from collections.abc import Mapping

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import NOBODY, problem

KEY = {"Idempotency-Key": "k-1"}
POSTS: Mapping[str, object] = {
    "/v1/tickets": {"subject": "a"},
    "/v1/tickets/{id}/messages": {"kind": "internal_note", "text": "a"},
    "/v1/tickets/{id}/status": {"status": "open"},
    "/v1/tickets/{id}/priority": {"priority": "high"},
    "/v1/tickets/{id}/facts": {"type": "call_missed", "occurred_at": "2026-03-01T00:00:00Z"},
    "/v1/tickets/{id}/assign": {"agent": "sales-hn-1"},
    "/v1/tickets/{id}/escalations": {"policy": "vip", "reason": "a"},
    "/v1/tickets/{id}/escalations/{run}/acknowledge": None,
    "/v1/tickets/{id}/escalations/{run}/unacknowledge": None,
    "/v1/tickets/{id}/escalations/{run}/take-over": None,
    "/v1/tickets/{id}/escalations/{run}/escalate": None,
    "/v1/tickets/{id}/escalations/{run}/snooze": {"until": "2026-03-02T10:00:00Z"},
    "/v1/tickets/{id}/escalations/{run}/resolve": None,
    "/v1/tickets/{id}/solve": None,
    "/v1/tickets/{id}/reopen": None,
    "/v1/tickets/{id}/spam": None,
    "/v1/tickets/{id}/merge": {"into": "00000000-0000-0000-0000-000000000001"},
    "/v1/customers/{id}/identities": {"kind": "phone", "value": "0903 123 456"},
    "/v1/customers/{id}/erase": {"confirm": NOBODY},
    "/v1/customers/{id}/merge": {"other": NOBODY},
    "/v1/customers/{id}/split": {"other": NOBODY},
    "/v1/tickets/{id}/team": {"team": "warranty"},
    "/v1/agents/{key}/next": None,
    "/v1/schedules/{key}/overrides": {
        "overrides": [
            {"starts_at": "2026-03-02T09:00:00Z", "ends_at": "2026-03-02T10:00:00Z", "agent": "sales-hn-1"}
        ]
    },
    "/v1/offers/{id}/accept": None,
    "/v1/offers/{id}/decline": None,
    "/v1/alerts/{id}/acknowledge": None,
    "/v1/envelopes/{id}/replay": None,
    "/v1/api-keys": {"name": "a", "scopes": ["tickets:read"]},
    "/v1/sla/recompute": None,
    "/v1/sla/what-if": {"start": "2026-03-01T00:00:00Z", "end": "2026-04-01T00:00:00Z"},
    "/v1/routing/what-if": {
        "start": "2026-03-01T00:00:00Z",
        "end": "2026-03-02T00:00:00Z",
        "agents": {"sales-hn-1": None},
    },
    "/v1/jobs/{id}/cancel": None,
    "/v1/outbox/{id}/replay": None,
    "/v1/webhooks/{key}/secret": {"overlap": "PT1H"},
    "/v1/outbox/replay": {"endpoint": "webhook:ops"},
    "/v1/endpoints/{name}/enable": None,
    "/v1/intake/forms/{form}": {"name": "Lan", "message": "Tivi hỏng"},
    "/v1/intake/inbox/{mailbox}": {},
    "/v1/intake/inbox/{mailbox}/mime": {},
    "/v1/intake/hotline/{line}": {},
}
PLACES = {
    "{id}": NOBODY,
    "{run}": NOBODY,
    "{key}": "sales-hn-1",
    "{form}": "support",
    "{mailbox}": "cskh",
    "{line}": "1900",
}


async def test_every_post_that_does_something_looks_at_its_key(shop: Shop) -> None:
    paths = (await shop.get("/openapi.json"))["paths"]
    keyless = {
        "/v1/sla/preview",
        "/v1/routing/preview",
        "/v1/exchange/{line}/{token}",
        "/v1/intake/messages/{account}",
        "/v1/agents/{key}/heartbeat",
    }
    assert {path for path, methods in paths.items() if "post" in methods} == POSTS.keys() | keyless
    assert "Idempotency-Key" not in json.dumps([paths[path] for path in keyless])
    patched = {
        path for path, methods in paths.items() if "Idempotency-Key" in json.dumps(methods.get("patch"))
    }
    assert patched == {"/v1/tickets/{id}"}  # what is known of a customer is set as often as anybody likes
    answer = await shop.client.patch(f"/v1/tickets/{NOBODY}", json={}, headers={"Idempotency-Key": "a b"})
    problem(answer, 400)
    for path, body in POSTS.items():
        for place, name in PLACES.items():
            path = path.replace(place, name)  # noqa: PLW2901 - filled in place by place
        answer = await shop.client.post(path, json=body, headers={"Idempotency-Key": "a b"})
        found = problem(answer, 400, what=path)
        assert found["errors"][0]["parameter"] == "Idempotency-Key", path


async def test_an_envelope_is_replayed_under_a_key_of_its_own(shop: Shop) -> None:
    for text in ("Tivi hỏng", "Tủ lạnh hỏng"):
        await shop.post("/v1/intake/forms/support", {"name": "Lan", "message": text})
    first, second = (
        f"/v1/envelopes/{one['id']}/replay" for one in (await shop.get("/v1/envelopes"))["items"]
    )
    received = await shop.post(first, headers=KEY)
    assert received["number"]
    assert await shop.post(first, headers=KEY) == received
    problem(await shop.client.post(second, headers=KEY), 422)


async def test_an_envelope_that_is_still_unreadable_leaves_the_key_free(shop: Shop) -> None:
    await shop.post("/v1/intake/forms/support", {"name": "Lan"}, status=422)
    await shop.post("/v1/intake/forms/support", {"name": "Lan", "message": "Tivi hỏng"})
    good, bad = (one["id"] for one in (await shop.get("/v1/envelopes"))["items"])
    problem(await shop.client.post(f"/v1/envelopes/{bad}/replay", headers=KEY), 422, "/message")
    await shop.post(f"/v1/envelopes/{good}/replay", headers=KEY)


async def test_an_alert_is_acknowledged_under_a_key_of_its_own(shop: Shop) -> None:
    for subject in ("a", "b"):
        await shop.post("/v1/tickets", {"subject": subject, "tags": ["drill"]})
    await shop.pass_time(seconds=30)
    first, second, *_ = (
        f"/v1/alerts/{one['id']}/acknowledge" for one in (await shop.get("/v1/alerts"))["items"]
    )
    await shop.post(first, status=204, headers=KEY)
    await shop.post(first, status=204, headers=KEY)
    problem(await shop.client.post(second, headers=KEY), 422)
