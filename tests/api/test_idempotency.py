"""A POST under an Idempotency-Key acts once, whoever repeats it and however fast."""

import asyncio
from http import HTTPStatus

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct
from tests.api.conftest import Frame

from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once, repeatable
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


@post("/touch/{name:str}", opt=needs("tickets:write"))
async def touch(
    name: FromPath[str], request: Call, parts: FromParts, data: JSONBody[Step]
) -> Response[msgspec.Raw]:
    """Something harmless to do twice, in transactions of its own."""

    async def act() -> Answer:
        await parts.engine.execute("UPDATE desk_head SET revision = revision + 1")
        if data.fail:
            raise Problem(409, "It cannot be.")
        return Answer(HTTPStatus.CREATED, msgspec.json.encode(name))

    answer = await repeatable(parts, request, act)
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


async def test_what_is_harmless_to_do_twice_still_belongs_to_its_key(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(touch) as client:
        answers = await asyncio.gather(*(client.post("/touch/a", json={}, headers=caller) for _ in range(4)))
        assert {(answer.status_code, answer.text) for answer in answers} == {(201, '"a"')}
        other = await client.post("/touch/b", json={}, headers=caller)
        assert (other.status_code, other.json()["type"]) == (
            422,
            "urn:tickets:problem:idempotency-key-reused",
        )


async def test_and_is_not_done_again_once_it_is_answered(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(touch) as client:
        for _ in range(3):
            assert (await client.post("/touch/a", json={}, headers=caller)).status_code == 201
    assert await frame.parts.engine.fetch_value("SELECT revision FROM desk_head") == 1


async def test_and_a_refusal_leaves_its_key_free(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(touch) as client:
        assert (await client.post("/touch/a", json={"fail": True}, headers=caller)).status_code == 409
        assert (await client.post("/touch/b", json={}, headers=caller)).status_code == 201


async def test_a_process_that_died_over_it_leaves_the_key_to_the_same_request(frame: Frame) -> None:
    caller = await frame.key("tickets:write") | {"Idempotency-Key": "one"}
    async with frame.client(touch) as client:
        await client.post("/touch/a", json={}, headers=caller)
        await frame.parts.engine.execute("UPDATE idempotency SET status = 0, answer = '{}'")
        assert (await client.post("/touch/b", json={}, headers=caller)).status_code == 422
        assert (await client.post("/touch/a", json={}, headers=caller)).text == '"a"'
