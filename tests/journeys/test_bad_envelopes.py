"""Forms, mail and calls as bad as they come: refused with a pointer, or taken; never lost."""

import json
import random
from datetime import timedelta
from typing import Any

from tests.journeys.conftest import Shop
from tests.journeys.test_bad_input import DEEP, IS_JSON, problem

from tickets.api.app import create_app

FORM = "/v1/intake/forms/support"
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
URLENCODED = {"Content-Type": "application/x-www-form-urlencoded"}
GOOD = {"name": "Lan", "message": "Tivi hỏng"}

FORMS = [
    (b"", IS_JSON, ""),
    (b"{", IS_JSON, ""),
    (b"[]", IS_JSON, ""),
    (DEEP, IS_JSON, ""),
    (b"\xff", IS_JSON, ""),
    (b'{"name": "\\ud800"}', IS_JSON, ""),
    (b'{"name": "a\\u0000", "message": "b"}', IS_JSON, "/name"),
    (b'{"a\\u0000b": "a", "name": "a", "message": "b"}', IS_JSON, None),
    (b'{"name": "a"}', IS_JSON, "/message"),
    (b'{"name": "a", "message": "b", "wat": 1}', IS_JSON, "/wat"),
    (b'{"name": "a", "message": "b", "topic": "wat"}', IS_JSON, "/topic"),
    (b'{"name": "a", "message": "b", "email": "wat"}', IS_JSON, "/email"),
    (b'{"name": ["a"], "message": "b"}', IS_JSON, "/name"),
    (b'{"name": 1e999, "message": "b"}', IS_JSON, None),
    (b"name=a&message=%00", URLENCODED, "/message"),
    (b"name=a&name=b&message=c", URLENCODED, "/name"),
    (b"&".join(b"a%d=1" % n for n in range(300)), URLENCODED, ""),
    (b"--b\r\nContent-Disposition: form-data; name=name\r\n\r\nLa", MULTIPART, ""),
    (b"no boundary at all", MULTIPART, ""),
    (b"", {"Content-Type": "multipart/form-data"}, ""),
    (b"<a/>", {"Content-Type": "application/xml"}, ""),
    (b"name=a", {}, ""),
]


async def test_a_bad_form_is_refused_and_kept(shop: Shop) -> None:
    for body, headers, pointer in FORMS:
        problem(await shop.client.post(FORM, content=body, headers=headers), 422, pointer, body[:60])
    kept = (await shop.get("/v1/envelopes?state=quarantined&limit=200"))["items"]
    assert len(kept) == len(FORMS)
    assert all(envelope["reason"] for envelope in kept)
    assert (await shop.get("/v1/tickets"))["items"] == []
    for envelope in kept[:3]:
        problem(await shop.client.post(f"/v1/envelopes/{envelope['id']}/replay"), 422)


CALL: dict[str, object] = {
    "call_id": "c-1",
    "event": "started",
    "at": "2026-03-02T02:00:00Z",
    "from": "0987654321",
}
CALLS: list[tuple[dict[str, object], str]] = [
    ({"at": "wat"}, "/at"),
    ({"at": "2026-03-02T02:00:00"}, "/at"),
    ({"at": "0001-01-01T00:00:00+14:00"}, "/at"),
    ({"at": "9999-12-31T23:59:59-14:00"}, "/at"),
    ({"call_id": ""}, "/call_id"),
    ({"call_id": "x" * 201}, "/call_id"),
    ({"call_id": "a\0"}, "/call_id"),
    ({"call_id": 5}, "/call_id"),
    ({"event": "wat"}, "/event"),
    ({"seconds": -1}, "/seconds"),
    ({"seconds": 10**30}, "/seconds"),
    ({"recording_url": "javascript:alert(1)"}, "/recording_url"),
    ({"fields": {"a": {"b": 1}}}, "/fields/a"),
    ({"fields": {"a": 1, "b/c": []}}, "/fields/b~1c"),
    ({"wat": 1}, "/wat"),
]


async def test_a_bad_call_is_refused_and_kept(shop: Shop) -> None:
    for wrong, pointer in CALLS:
        answer = await shop.client.post("/v1/intake/hotline/1900", json=CALL | wrong)
        problem(answer, 422, pointer, wrong)
    kept = (await shop.get("/v1/envelopes?state=quarantined&limit=200"))["items"]
    assert len(kept) == len(CALLS)


async def test_a_call_answered_long_ago_or_by_a_stranger_is_taken(shop: Shop) -> None:
    await shop.post("/v1/intake/hotline/1900", CALL)
    for odd in (
        {"event": "answered", "at": "1970-01-01T00:00:00Z", "agent": "nobody"},
        {"event": "ended", "at": "2199-12-31T23:59:59Z", "seconds": 604800},
        {"event": "missed", "at": "1970-01-01T00:00:00Z", "from": "💩" * 5000, "region": "atlantis"},
    ):
        answer = await shop.client.post("/v1/intake/hotline/1900", json=CALL | odd)
        assert answer.status_code in (200, 201), answer.text
    await shop.tick()


def mails() -> list[bytes]:
    """Mail that is hardly any; long values are noise, so that no index can shorten them."""
    noise = random.Random(1)  # noqa: S311 - no secret
    long = "".join(noise.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=200_000)).encode()
    return [
        b"",
        b"\0",
        b"\r\n\r\n",
        b"no header at all",
        b"Subject: a\0b\r\n\r\nc\0d",
        b"Subject: =?x-unknown?Q?=FF=00?=\r\nFrom: =?utf-8?B?////?= <a@b.vn>\r\n\r\n\xff\xfe",
        b"Date: Mon, 99 Foo 0000 99:99:99 +9999\r\n\r\na",
        b"Date: 1 Jan 0001 00:00:00 +1400\r\n\r\na",
        b"Date: 31 Dec 9999 23:59:59 -1400\r\n\r\na",
        b"Message-ID: <" + long[:3000] + b">\r\n\r\na",
        b"Message-ID: " + long[:3000] + b"\r\nReferences: <" + long[:890] + b">\r\n\r\na",
        b"From: " + long[:5000] + b"@" + long[:5000] + b".vn\r\n\r\na",
        b"Subject: " + long + b"\r\n\r\n" + long,
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/pl",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\na\r\n" * 2000,
        b"Content-Type: text/plain; charset=\xff\0\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        b'Content-Type: application/x\r\nContent-Disposition: attachment; filename="\0\xff/../x"\r\n\r\na',
    ]


async def test_mail_is_always_taken(shop: Shop) -> None:
    for mail in mails():
        answer = await shop.client.post(
            "/v1/intake/inbox/cskh", content=mail, headers={"Content-Type": "message/rfc822"}
        )
        assert answer.status_code in (200, 201), (mail[:60], answer.text)
    states = {envelope["state"] for envelope in (await shop.get("/v1/envelopes?limit=200"))["items"]}
    assert states == {"accepted"}


async def test_a_name_given_to_a_request_is_not_taken_by_another(shop: Shop) -> None:
    named = {"Idempotency-Key": "k-1"}
    first = await shop.post(FORM, GOOD, headers=named)
    assert await shop.post(FORM, GOOD, status=200, headers=named) == first
    assert await shop.post(FORM, dict(reversed(GOOD.items())), status=200, headers=named) == first
    problem(await shop.client.post(FORM, json=GOOD | {"message": "Khác"}, headers=named), 422)
    kept = (await shop.get("/v1/envelopes"))["items"]
    assert sorted(envelope["state"] for envelope in kept) == ["accepted"] * 3 + ["quarantined"]


async def test_a_request_refused_leaves_its_name_free(shop: Shop) -> None:
    named = {"Idempotency-Key": "k-1"}
    problem(await shop.client.post(FORM, json={"name": "Lan"}, headers=named), 422, "/message")
    await shop.post(FORM, GOOD, headers=named)


async def test_what_is_left_behind_does_not_hold_up_the_rest(shop: Shop) -> None:
    engine = shop.app.engine
    bodies = [("gone", b"{}"), ("support", b"{"), ("support", json.dumps(GOOD).encode())]
    for account, body in bodies:
        await engine.execute(
            "INSERT INTO envelope (id, channel, account, media_type, body, digest, state, received_at)"
            " VALUES ($1, 'form', $2, 'application/json', $3, '', 'received', $4)",
            shop.new_id(),
            account,
            body,
            shop.now(),
        )
    desk = await shop.app.parts.desks.current()
    assert await shop.app.parts.porter.rescue(desk, shop.now() + timedelta(minutes=1), limit=2) == 2
    assert await shop.app.parts.porter.rescue(desk, shop.now() + timedelta(minutes=1), limit=2) == 1
    kept = (await shop.get("/v1/envelopes"))["items"]
    assert [envelope["state"] for envelope in kept] == ["accepted", "quarantined", "quarantined"]
    assert len((await shop.get("/v1/tickets"))["items"]) == 1


async def test_a_sender_who_hangs_up_is_no_failure_of_ours(shop: Shop) -> None:
    messages: list[Any] = [
        {"type": "http.request", "body": b'{"na', "more_body": True},
        {"type": "http.disconnect"},
    ]
    answers: list[Any] = []

    async def receive() -> Any:  # noqa: ANN401 - ASGI's message
        return messages.pop(0)

    async def send(message: Any) -> None:  # noqa: ANN401 - the same
        answers.append(message)

    scope: Any = {
        "type": "http",
        "method": "POST",
        "path": FORM,
        "raw_path": FORM.encode(),
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
        "root_path": "",
    }
    await create_app(shop.app.parts)(scope, receive, send)
    assert answers[0]["status"] == 400
