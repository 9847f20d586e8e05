"""`/v1/outbox`, `/v1/endpoints`: what must leave or could not, and who is at the other end."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parts import FromParts, Parts
from tickets.application.outbox.endpoint import Endpoint
from tickets.domain.errors import NotFound, Refused
from tickets.persistence.outbox import Leaving, LeavingFilter, State

_TAGS = ["Outbox"]
_encode = msgspec.json.encode
Name = Annotated[str, Meta(min_length=1, max_length=1_000)]


@get("/v1/outbox", opt=needs("tickets:read"), tags=_TAGS, operation_id="listOutbox")
async def list_outbox(
    request: Call,
    parts: FromParts,
    having: Annotated[State | None, QueryParameter(name="state")] = None,
    way: FromQuery[str | None] = None,
    destination: FromQuery[str | None] = None,
    endpoint: FromQuery[str | None] = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response[Page[Leaving]]:
    """What must leave, has left, or could not, from the newest on."""
    wanted = LeavingFilter(state=having, way=way, destination=destination, endpoint=endpoint)
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.outbox.page(wanted, limit + 1, before)
    return answer_page(request, rows, limit, key=lambda row: row.id, show=lambda row: row)


@get("/v1/outbox/{id:uuid}", opt=needs("tickets:read"), tags=_TAGS, operation_id="getOutboxRow")
async def get_outbox_row(id: FromPath[UUID], parts: FromParts) -> Leaving:
    """One row: attempts so far, the last error, when it is looked at next."""
    return await _row(parts, id)


@post(
    "/v1/outbox/{id:uuid}/replay",
    opt=needs("tickets:write"),
    tags=_TAGS,
    operation_id="replayOutboxRow",
    status_code=HTTPStatus.OK,
)
async def replay_outbox_row(id: FromPath[UUID], request: Call, parts: FromParts) -> Response[Leaving | Raw]:
    """Send what was given up after all, with its old id and bytes. Replaying what is on its way is fine."""

    async def replay() -> Answer:
        if not await parts.outbox.replay(id, parts.now()):
            found = await _row(parts, id)
            if found.state != "pending":
                raise Refused(f"it is {found.state}; only what was given up can be replayed")
        return Answer(HTTPStatus.OK, _encode(await _row(parts, id)))

    return await _set_going(parts, request, replay)


class ReplayAll(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which endpoint, and perhaps of one destination there (of `email`, an address)."""

    endpoint: Name
    destination: Name | None = None


class Replayed(Struct, frozen=True):
    """How many rows are on their way again."""

    replayed: int


@post(
    "/v1/outbox/replay",
    opt=needs("tickets:write"),
    tags=_TAGS,
    operation_id="replayOutbox",
    status_code=HTTPStatus.OK,
)
async def replay_outbox(
    request: Call, parts: FromParts, data: JSONBody[ReplayAll]
) -> Response[Replayed | Raw]:
    """Send all that was given up of an endpoint after all."""

    async def replay() -> Answer:
        await _endpoint(parts, data.endpoint)  # of a misspelt one 0 would read as if everything had left
        count = await parts.outbox.replay_all(data.endpoint, data.destination, parts.now())
        return Answer(HTTPStatus.OK, _encode(Replayed(count)))

    return await _set_going(parts, request, replay)


@get("/v1/endpoints", opt=needs("desk:read"), tags=_TAGS, operation_id="listEndpoints")
async def list_endpoints(
    request: Call, parts: FromParts, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Response[Page[Endpoint]]:
    """Everybody something left to or has to, by name: how they stand, and what waits for them."""
    after = from_cursor(cursor, str) if cursor else None
    rows = await parts.outbox.endpoints.standing(parts.now(), after, limit + 1)
    return answer_page(request, rows, limit, key=lambda each: each.name, show=lambda each: each)


@get("/v1/endpoints/{name:str}", opt=needs("desk:read"), tags=_TAGS, operation_id="getEndpoint")
async def get_endpoint(name: FromPath[str], parts: FromParts) -> Endpoint:
    """One endpoint: `email`, `webhook:<key>`, `zalo:<account>` and so on."""
    return await _endpoint(parts, name)


@post(
    "/v1/endpoints/{name:str}/enable",
    opt=needs("desk:write"),
    tags=_TAGS,
    operation_id="enableEndpoint",
    status_code=HTTPStatus.OK,
)
async def enable_endpoint(name: FromPath[str], request: Call, parts: FromParts) -> Response[Endpoint | Raw]:
    """Let everything leave to it again, whether it was disabled (410) or left alone. Twice is fine."""

    async def enable() -> Answer:
        await parts.outbox.endpoints.enable(name, parts.now())
        return Answer(HTTPStatus.OK, _encode(await _endpoint(parts, name)))

    return await _set_going(parts, request, enable)


async def _set_going(parts: Parts, request: Call, act: Callable[[], Awaitable[Answer]]) -> Response[Any]:
    """Do something by which rows may leave again, and ring for them."""
    answer = await once(parts, request, act)
    parts.outbox.rung()
    return Response(Raw(answer.body), status_code=answer.status)


async def _row(parts: Parts, row: UUID) -> Leaving:
    found = await parts.outbox.find(row)
    if found is None:
        raise NotFound(f"the outbox has no row {row}")
    return found


async def _endpoint(parts: Parts, name: str) -> Endpoint:
    found = await parts.outbox.endpoints.find(name, parts.now())
    if found is None:
        raise NotFound(f"nothing ever left to {name}, nor has to")
    return found


ROUTES = (
    list_outbox,
    get_outbox_row,
    replay_outbox_row,
    replay_outbox,
    list_endpoints,
    get_endpoint,
    enable_endpoint,
)
