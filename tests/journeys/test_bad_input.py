"""Whatever is sent: a problem document that points at each fault, never a 500, and nothing kept is lost."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from tests.journeys.conftest import Shop

from tickets.api.pagination import to_cursor
from tickets.application.desk.kinds import KINDS

NOBODY = "018f0000-0000-7000-8000-000000000000"
DEEP = b'{"subject":' + b"[" * 100_000 + b"]" * 100_000 + b"}"
IS_JSON = {"Content-Type": "application/json"}


def problem(
    answer: httpx.Response, status: int | Iterable[int], pointer: str | None = None, what: object = ""
) -> dict[str, Any]:
    """The problem document of an answer that has to be one."""
    allowed = [status] if isinstance(status, int) else list(status)
    assert answer.status_code in allowed, f"{what}: {answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    if pointer is not None:
        assert pointer in [fault.get("pointer") for fault in document["errors"]], (what, document)
    return document


def a_ticket(**more: object) -> bytes:
    """The body of a good request, made worse."""
    return json.dumps({"subject": "Hàng lỗi", **more}).encode()


BODIES: list[tuple[str, bytes, int | tuple[int, ...], str | None]] = [
    ("nothing", b"", 400, ""),
    ("half a body", b'{"subject": "a', 400, ""),
    ("two bodies", b"{}{}", 400, ""),
    ("no UTF-8", b'{"subject": "\xff\xfe"}', 400, ""),
    ("raw NUL", b'{"subject": "a\0b"}', 400, ""),
    ("NaN", b'{"subject": "a", "fields": {"n": NaN}}', 400, ""),
    ("another type", b"[]", 422, ""),
    ("null", b"null", 422, ""),
    ("nested too deeply", DEEP, 422, ""),
    ("no subject", b"{}", 422, "/subject"),
    ("an empty subject", a_ticket(subject=""), 422, "/subject"),
    ("a long subject", a_ticket(subject="x" * 501), 422, "/subject"),
    ("a wrong type", a_ticket(subject=5), 422, "/subject"),
    ("an unknown field", a_ticket(wat=1), 422, "/wat"),
    ("an unknown field below", a_ticket(customer={"wat": 1}), 422, "/customer/wat"),
    ("no address", a_ticket(customer={"email": "nobody"}), 422, "/customer/email"),
    ("an unknown priority", a_ticket(priority="asap"), 422, "/priority"),
    ("a wrong tag", a_ticket(tags=["a", 5]), 422, "/tags/1"),
    ("too many tags", a_ticket(tags=["a"] * 51), 422, "/tags"),
    ("an escaped NUL", b'{"subject": "a\\u0000b"}', 422, "/subject"),
    ("a NUL in a name", b'{"subject": "a", "fields": {"a\\u0000": 1}}', 422, None),
    ("half a surrogate pair", b'{"subject": "a\\ud800b"}', (400, 422), ""),
    ("a huge number", b'{"subject": "a", "fields": {"n": 1e999}}', (400, 422), None),
    ("a number of many digits", b'{"subject": "a", "fields": {"n": ' + b"9" * 5000 + b"}}", (400, 422), None),
    ("an object as a field", a_ticket(fields={"n": {"deep": 1}}), 422, "/fields/n"),
    ("a list as a field", a_ticket(fields={"a/b": []}), 422, "/fields/a~1b"),
    ("a field without a name", a_ticket(fields={"": 1}), 422, "/fields/"),
    ("too many fields", a_ticket(fields={str(n): n for n in range(101)}), 422, "/fields"),
    ("a second wrong tag", a_ticket(tags=["a", 5, ""]), 422, "/tags/2"),
]


async def test_a_bad_ticket_is_refused_with_a_pointer(shop: Shop) -> None:
    for what, body, status, pointer in BODIES:
        answer = await shop.client.post("/v1/tickets", content=body, headers=IS_JSON)
        problem(answer, status, pointer, what)
    assert (await shop.get("/v1/tickets"))["items"] == []


async def test_every_fault_of_a_body_is_named_at_once(shop: Shop) -> None:
    body = {"subject": 5, "wat": 1, "customer": {"phone": False}}
    found = problem(await shop.client.post("/v1/tickets", json=body), 422)
    assert {fault["pointer"] for fault in found["errors"]} == {"/subject", "/wat", "/customer/phone"}


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        (
            "POST",
            "/v1/tickets",
            {"subject": "a", "priority": "asap"},
            "'asap' is none of low, normal, high, urgent",
        ),
        ("POST", "/v1/sla/preview", {"opened_at": "2026-03-02"}, "must be an instant with offset, such as"),
        ("GET", "/v1/outbox?state=ded", None, "'ded' is none of pending, "),
        ("GET", "/v1/reports/sla?start=March", None, "must be a date, such as 2026-03-02"),
    ],
)
async def test_a_fault_says_what_would_do(
    shop: Shop, method: str, path: str, body: dict[str, str] | None, said: str
) -> None:
    (fault,) = problem(await shop.client.request(method, path, json=body), (400, 422))["errors"]
    assert said in fault["detail"]
    assert fault.get("parameter", "state") in {"state", "start"}  # as callers call it


async def test_a_method_that_an_address_does_not_take_is_told_those_it_does(shop: Shop) -> None:
    answer = await shop.client.patch("/v1/tickets", json={})
    assert problem(answer, 405)["detail"] == f"This address takes {answer.headers['allow']}."


async def test_a_body_must_say_that_it_is_json(shop: Shop) -> None:
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ";;;", ""):
        answer = await shop.client.post(
            "/v1/tickets", content=a_ticket(), headers={"Content-Type": media_type}
        )
        problem(answer, 415)


PATHS = [
    ("GET", "/v1/tickets/{id}", None),
    ("GET", "/v1/tickets/{id}/messages", None),
    ("GET", "/v1/tickets/{id}/events", None),
    ("POST", "/v1/tickets/{id}/messages", {"kind": "internal_note", "text": "a"}),
    ("POST", "/v1/tickets/{id}/status", {"status": "open"}),
    ("POST", "/v1/tickets/{id}/priority", {"priority": "high"}),
    ("POST", "/v1/tickets/{id}/assign", {"agent": "sales-hn-1"}),
    ("POST", "/v1/tickets/{id}/solve", None),
    ("POST", "/v1/tickets/{id}/reopen", None),
    ("POST", "/v1/alerts/{id}/acknowledge", None),
    ("POST", "/v1/envelopes/{id}/replay", None),
    ("GET", "/v1/api-keys/{id}", None),
    ("DELETE", "/v1/api-keys/{id}", None),
]


async def test_what_is_not_there_is_not_found(shop: Shop) -> None:
    for method, path, body in PATHS:
        for name in (NOBODY, "1", "%20", "a%00b", "x" * 3000, "018f0000-0000-7000-8000-00000000000g"):
            answer = await shop.client.request(method, path.replace("{id}", name), json=body)
            problem(answer, (400, 404) if "%00" in name else 404, what=(method, path, name))


UNKNOWN = [
    ("GET", "/v1/desk/wat"),
    ("GET", "/v1/desk/wat/wat"),
    ("GET", "/v1/desk/agents/wat"),
    ("PUT", "/v1/desk/wat/wat"),
    ("DELETE", "/v1/desk/agents/wat"),
    ("GET", "/v1/forms/wat/schema"),
    ("POST", "/v1/intake/forms/wat"),
    ("POST", "/v1/intake/inbox/wat"),
    ("POST", "/v1/intake/hotline/wat"),
    ("GET", "/nowhere"),
]


async def test_an_unknown_name_is_not_found(shop: Shop) -> None:
    for method, path in UNKNOWN:
        answer = await shop.client.request(method, path, content=b"{}", headers=IS_JSON)
        problem(answer, 404, what=(method, path))
    assert (await shop.get("/v1/envelopes"))["items"] == []


async def test_what_others_name_stays_and_it_says_where_they_do(shop: Shop) -> None:
    answer = await shop.client.delete("/v1/desk/on_call_schedules/duty")
    problem(answer, 422, what="duty")
    assert answer.json()["detail"] == "Others still name it."
    assert "/escalation_policies/vip/levels/0/notify/0" in {e["pointer"] for e in answer.json()["errors"]}


LISTS = ["/v1/tickets", "/v1/envelopes", "/v1/alerts", "/v1/api-keys"]
QUERIES = ["limit=-1", "limit=0", "limit=201", "limit=many", "limit=1e999", f"limit={'9' * 30}"]
CURSORS = ["wat", "%F0%9F%92%A9", "bnVsbA", "W10", "x" * 501, "====", "IjEi", "%00", "LTE"]


async def test_a_page_that_cannot_be_is_refused(shop: Shop) -> None:
    for path in LISTS:
        for query in [*QUERIES, *(f"cursor={cursor}" for cursor in CURSORS)]:
            problem(await shop.client.get(f"{path}?{query}"), 400, what=(path, query))


FILTERS = [
    "number=wat",
    "number=0",
    f"number={'9' * 30}",
    f"number={2**63}",
    "customer_id=wat",
    "waiting=perhaps",
    "status=wat",
    "priority=wat",
    "channel=wat",
    f"q={'x' * 201}",
    "q=a%00b",
    "tag=%00",
]


async def test_a_filter_that_cannot_be_is_refused(shop: Shop) -> None:
    for query in FILTERS:
        problem(await shop.client.get(f"/v1/tickets?{query}"), 400, what=query)


async def test_a_cursor_into_a_history_must_be_one_of_ours(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a"})
    for key in ([10**17, 1], [-1, -1], [1.5, 1], [1, 40_000], "a"):
        cursor = to_cursor(key)
        problem(await shop.client.get(f"/v1/tickets/{ticket['id']}/events?cursor={cursor}"), 400, what=key)


async def test_odd_words_in_a_search_are_words(shop: Shop) -> None:
    for words in ("'", '"', "a & | !", ":*", "\\", "%ED%A0%80", "<->", "💩"):
        assert (await shop.client.get("/v1/tickets", params={"q": words})).status_code == 200


async def test_if_match_has_to_be_an_etag_of_ours(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a"})
    for tag in ('"x"', "1", '"-1"', '"1', 'W/"1"', '"1","2"', "", '"99999999999"', "\xff"):
        headers = [(b"If-Match", tag.encode("latin-1"))]
        answer = await shop.client.post(f"/v1/tickets/{ticket['id']}/solve", headers=headers)
        problem(answer, 400, what=tag)


async def test_an_old_etag_is_refused(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a"})
    path = f"/v1/tickets/{ticket['id']}"
    await shop.post(f"{path}/priority", {"priority": "high"}, status=200)
    answer = await shop.client.post(f"{path}/solve", headers={"If-Match": '"1"'})
    problem(answer, 412)


COMMANDS: list[tuple[str, object, int, str | None]] = [
    ("messages", {"kind": "whisper", "text": "a"}, 422, "/kind"),
    ("messages", {"kind": "public_reply", "text": ""}, 422, "/text"),
    ("messages", {"kind": "public_reply", "text": "a\0b"}, 422, "/text"),
    ("status", {"status": "new"}, 422, "/status"),
    ("status", {}, 422, "/status"),
    ("priority", {"priority": 1}, 422, "/priority"),
    ("assign", {"agent": "nobody"}, 404, None),
    ("assign", {"agent": ""}, 422, "/agent"),
    ("assign", {}, 422, "/agent"),
]


async def test_a_bad_command_changes_nothing(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a"})
    path = f"/v1/tickets/{ticket['id']}"
    for action, body, status, pointer in COMMANDS:
        problem(await shop.client.post(f"{path}/{action}", json=body), status, pointer, (action, body))
    assert (await shop.get(path))["epoch"] == ticket["epoch"]


async def test_a_closed_ticket_is_left_alone(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a"})
    path = f"/v1/tickets/{ticket['id']}"
    await shop.post(f"{path}/status", {"status": "closed"}, status=200)
    problem(await shop.client.post(f"{path}/reopen"), 409)
    problem(await shop.client.post(f"{path}/assign", json={"agent": "sales-hn-1"}), 409)


async def test_an_idempotency_key_belongs_to_one_request(shop: Shop) -> None:
    key = {"Idempotency-Key": "k-1"}
    ticket = await shop.post("/v1/tickets", {"subject": "a"}, headers=key)
    assert await shop.post("/v1/tickets", {"subject": "a"}, headers=key) == ticket
    problem(await shop.client.post("/v1/tickets", json={"subject": "b"}, headers=key), 422)
    problem(await shop.client.post(f"/v1/tickets/{ticket['id']}/solve", headers=key), 422)
    for unusable in ("x" * 256, "a b", "", "ä"):
        headers = [(b"Idempotency-Key", unusable.encode("latin-1"))]
        problem(await shop.client.post("/v1/tickets", json={"subject": "a"}, headers=headers), 400)


async def test_nobody_gets_in_without_a_good_key(shop: Shop) -> None:
    bad = ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer wat", "Bearer tk_\xff", f"Bearer {'x' * 5000}"]
    for header in bad:
        headers = [(b"Authorization", header.encode("latin-1"))]
        problem(await shop.client.get("/v1/tickets", headers=headers), 401, what=header)
    minted = await shop.post(
        "/v1/api-keys", {"name": "a", "scopes": ["tickets:read"], "expires_at": "2026-03-02T02:00:01Z"}
    )
    bearer = {"Authorization": f"Bearer {minted['key']}"}
    assert (await shop.client.get("/v1/tickets", headers=bearer)).status_code == 200
    problem(await shop.client.post("/v1/tickets", json={"subject": "a"}, headers=bearer), 403)
    await shop.pass_time(seconds=2)
    problem(await shop.client.get("/v1/tickets", headers=bearer), 401)


INSTANTS = [
    "wat",
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "2027-01-01T00:00:00",
    "2027-02-30T00:00:00Z",
    1,
]


async def test_a_key_expires_at_an_instant_of_our_time(shop: Shop) -> None:
    for instant in INSTANTS:
        body = {"name": "a", "scopes": ["tickets:read"], "expires_at": instant}
        problem(await shop.client.post("/v1/api-keys", json=body), 422, "/expires_at", instant)


DESK_BODIES = [b"", b"{", b"[]", b'{"wat": 5}', DEEP, b"\xff", b'{"name": "\\ud800"}', b'{"name": "\\u0000"}']


async def test_a_bad_desk_object_is_refused(shop: Shop) -> None:
    before = await shop.client.get("/v1/desk")
    for kind in KINDS:
        for body in DESK_BODIES:
            answer = await shop.client.put(f"/v1/desk/{kind.name}/new", content=body, headers=IS_JSON)
            found = problem(answer, 404 if kind.single else 422, what=(kind.name, body[:50]))
            assert found.get("errors") or kind.single
    assert (await shop.client.get("/v1/desk")).text == before.text


async def test_a_desk_object_needs_a_plain_key(shop: Shop) -> None:
    for key in ("x" * 3000, "a%20b", "a%2Fb", "%F0%9F%92%A9", "..."):
        answer = await shop.client.put(f"/v1/desk/regions/{key}", json={"name": "Bắc"})
        problem(answer, (404, 422), what=key)


async def test_presence_is_for_agents_and_one_of_four(shop: Shop) -> None:
    problem(await shop.client.put("/v1/agents/nobody/presence", json={"presence": "online"}), 404)
    answer = await shop.client.put("/v1/agents/sales-hn-1/presence", json={"presence": "asleep"})
    problem(answer, 422, "/presence")


async def test_acknowledging_twice_is_fine(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "a", "tags": ["drill"]})
    await shop.pass_time(seconds=30)
    alert = (await shop.get(f"/v1/alerts?ticket={ticket['id']}"))["items"][0]
    path = f"/v1/alerts/{alert['id']}/acknowledge"
    await asyncio.gather(*(shop.post(path, status=204) for _ in range(3)))
    await shop.post(path, status=204)
    assert (await shop.events(ticket["id"])).count("alert_acknowledged") == 1


async def test_a_body_beyond_the_limit_is_refused(shop: Shop) -> None:
    body = b" " * 50_000_000
    for path in ("/v1/tickets", "/v1/intake/forms/support", "/v1/intake/inbox/cskh"):
        problem(await shop.client.post(path, content=body, headers=IS_JSON), 413)
    problem(await shop.client.put("/v1/desk/regions/a", content=body), 413)
