"""A POST under an Idempotency-Key acts once, whoever repeats it and however fast."""

import asyncio
from http import HTTPStatus

import msgspec
from litestar import Response, post
from litestar.params import JSONBody
from msgspec import Struct
from tests.api.conftest import Frame

from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once
from tickets.api.parts import FromParts
from tickets.api.problems import Problem


class Step(Struct):
    """What to do."""

    fail: bool = False


@post("/count", opt=needs("tickets:write"))
async def count(request: Call, parts: FromParts, data: JSONBody[Step]) -> Response[msgspec.Raw]:
    """Count how often this is really done, in a table that happens to be there."""

    async def act() -> Answer:
        number = await parts.engine.fetch_value(
            "UPDATE desk_head SET revision = revision + 1 RETURNING revision"
        )
        if data.fail:
            raise Problem(409, "It cannot be.")
        return Answer(HTTPStatus.CREATED, b"%d" % number)

    answer = await once(parts, request, act)
    return Response(msgspec.Raw(answer.body), status_code=answer.status)


async def test_of_many_at_once_with_one_key_one_acts_and_all_hear_it(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(count) as client:
        answers = await asyncio.gather(*(client.post("/count", json={}, headers=caller) for _ in range(8)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, "1")}


async def test_without_a_key_every_request_acts(frame: Frame) -> None:
    caller = await frame.key("tickets:write")
    async with frame.client(count) as client:
        assert [(await client.post("/count", json={}, headers=caller)).text for _ in range(2)] == ["1", "2"]


async def test_a_refused_request_leaves_nothing_and_its_key_free(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(count) as client:
        refused = await client.post("/count", json={"fail": True}, headers=caller)
        assert refused.status_code == 409
        assert (await client.post("/count", json={}, headers=caller)).text == "1"


async def test_the_keys_of_two_callers_are_their_own(frame: Frame) -> None:
    async with frame.client(count) as client:
        for expected in ("1", "2"):
            caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
            assert (await client.post("/count", json={}, headers=caller)).text == expected


async def test_a_forgotten_key_may_be_used_again(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(count) as client:
        await client.post("/count", json={}, headers=caller)
        frame.pass_time(days=2)
        await frame.parts.idempotency.forget(frame.instant)
        assert (await client.post("/count", json={}, headers=caller)).text == "2"
