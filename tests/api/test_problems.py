"""Whatever goes wrong, the answer is a problem document, and the right one."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

import httpx
import pytest
import structlog
from litestar import get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct
from tests.api.conftest import Frame

from tickets.api.auth import PUBLIC, needs
from tickets.observability import logs


class Line(Struct, forbid_unknown_fields=True):
    """A nested thing."""

    text: Annotated[str, Meta(max_length=5)]


class Thing(Struct, forbid_unknown_fields=True):
    """Something to post."""

    name: Annotated[str, Meta(min_length=1)]
    size: int = 0
    lines: list[Line] = []


@post("/things", opt=PUBLIC)
async def post_thing(data: JSONBody[Thing]) -> Thing:
    """Take a thing."""
    return data


@get("/broken", opt=PUBLIC)
async def break_down() -> None:
    """Fail with what nobody should read."""
    raise RuntimeError("the secret is 42")


@get("/agents-only", opt=needs("alerts:read"))
async def agents_only() -> str:
    """Need a scope."""
    return "in"


@get("/forgotten")
async def forgotten() -> str:
    """State no scope."""
    return "in"


ROUTES = (post_thing, break_down, agents_only, forgotten)
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines."""
    root = logging.getLogger()
    before = root.handlers, root.level
    logs.configure(pretty=False, stream=(written := io.StringIO()))
    yield written
    structlog.reset_defaults()
    root.handlers, root.level = before


def faults(answer: httpx.Response) -> dict[str, str]:
    """What is wrong, by pointer."""
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    return {error.get("pointer", "-"): error["detail"] for error in answer.json().get("errors", [])}


async def send(frame: Frame, body: bytes | str, **headers: str) -> httpx.Response:
    """Post a thing."""
    async with frame.client(*ROUTES) as client:
        return await client.post("/things", content=body, headers=JSON | headers)


async def test_a_good_body_is_taken(frame: Frame) -> None:
    answer = await send(frame, '{"name": "a", "lines": [{"text": "b"}]}')
    assert (answer.status_code, answer.json()) == (
        201,
        {"name": "a", "size": 0, "lines": [{"text": "b"}]},
    )


async def test_every_fault_is_named_at_once(frame: Frame) -> None:
    body = {"size": "5", "colour": "red", "lines": [{"text": "longer"}, {"text": "b", "a/b": 1}, 7]}
    answer = await send(frame, json.dumps(body))
    assert answer.status_code == 422
    assert faults(answer) == {
        "/name": "is required",
        "/size": "expected `int`, got `str`",
        "/colour": "is not a known field",
        "/lines/0/text": "expected `str` of length <= 5",
        "/lines/1/a~1b": "is not a known field",
        "/lines/2": "expected `object`, got `int`",
    }


BODIES = {
    "nothing": (b"", 400, {"": "the body is empty"}),
    "half": (b'{"name":', 400, {"": "Input data was truncated"}),
    "not utf-8": (b'{"name": "\xff"}', 400, {"": "it is not UTF-8"}),
    "another type": (b"[]", 422, {"": "expected `object`, got `array`"}),
    "an escaped NUL": (b'{"name": "a\\u0000"}', 422, {"/name": "must not contain the NUL character"}),
    "a NUL": (b'{"name": "a\x00"}', 400, {"": "JSON is malformed: invalid character (byte 11)"}),
    "no NUL at all": (b'{"name": "a\\\\u0000"}', 201, None),
    "a bottomless list": (b'{"lines":' + b"[" * 5000, 422, {"": "is nested too deeply"}),
    "an endless number": (b'{"name": "a", "size": 1e999}', 422, {"": "number out of range"}),
}


@pytest.mark.parametrize(("body", "status", "expected"), BODIES.values(), ids=BODIES)
async def test_a_bad_body_gets_a_clear_answer(
    frame: Frame, body: bytes, status: int, expected: dict[str, str] | None
) -> None:
    answer = await send(frame, body)
    assert answer.status_code == status
    if expected is not None:
        assert faults(answer) == expected


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
async def test_only_json_is_json(frame: Frame, media_type: str) -> None:
    answer = await send(frame, b"{}", **{"Content-Type": media_type})
    assert answer.status_code == 415
    assert faults(answer) == {}


async def test_a_body_beyond_the_limit_is_not_read(frame: Frame) -> None:
    assert (await send(frame, b" " * 10_001)).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("PUT", "/things", {}, 405),
        ("GET", "/v1/api-keys/not-a-uuid", {}, 404),
        ("GET", "/livez", {"Accept": "image/png"}, 406),
        ("GET", "/livez?x=%00", {}, 400),
        ("GET", "/v1/api-keys", {}, 401),
        ("GET", "/v1/api-keys", {"Authorization": "Basic YTpi"}, 401),
        ("GET", "/v1/api-keys", {"Authorization": "Bearer"}, 401),
        ("GET", "/v1/api-keys", {"Authorization": "Bearer tk_nobody"}, 401),
    ],
)
async def test_every_refusal_is_a_problem_document_and_counted_as_what_it_was(
    frame: Frame, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with frame.client(*ROUTES) as client:
        answer = await client.request(method, path, headers=headers)
    assert answer.status_code == status
    faults(answer)
    assert answer.json()["correlation_id"] == answer.headers["x-correlation-id"]
    if status == 401:
        assert answer.headers["www-authenticate"].startswith('Bearer realm="tickets"')
    if status == 405:
        assert "POST" in answer.headers["allow"]
    assert f'status="{status}"' in frame.parts.metrics.exposition().decode()


async def test_a_key_without_the_scope_is_told_which_one(frame: Frame) -> None:
    async with frame.client(*ROUTES) as client:
        answer = await client.get("/agents-only", headers=await frame.key("alerts:write"))
        assert answer.status_code == 403
        assert 'scope="alerts:read"' in answer.headers["www-authenticate"]
        assert (await client.get("/agents-only", headers=await frame.key("alerts:read"))).text == "in"


async def test_a_route_that_states_no_scope_is_for_admins(frame: Frame) -> None:
    async with frame.client(*ROUTES) as client:
        assert (await client.get("/forgotten", headers=await frame.key("tickets:read"))).status_code == 403
        assert (await client.get("/forgotten", headers=await frame.key("admin"))).status_code == 200


async def test_a_failure_of_ours_tells_nothing_but_where_to_look(frame: Frame, lines: io.StringIO) -> None:
    async with frame.client(*ROUTES) as client:
        answer = await client.get("/broken", headers={"X-Correlation-Id": "call-7"})
    assert answer.status_code == 500
    assert answer.json() == {"title": "Internal Server Error", "status": 500, "correlation_id": "call-7"}
    failed, request = (json.loads(line) for line in lines.getvalue().splitlines())
    assert (failed["correlation_id"], failed["level"]) == ("call-7", "error")
    assert "the secret is 42" in failed["exception"]
    assert (request["route"], request["status"]) == ("/broken", 500)


async def test_an_unbelievable_correlation_id_is_replaced(frame: Frame) -> None:
    async with frame.client() as client:
        answer = await client.get("/livez", headers={"X-Correlation-Id": "a b"})
    assert UUID(answer.headers["x-correlation-id"])
