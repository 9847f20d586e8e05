"""`/v1/api-keys`: who may call, and what they may do."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parts import FromParts
from tickets.api.problems import Fault, Problem
from tickets.domain.words import Instant
from tickets.persistence.api_keys import ApiKey, Scope

_TAGS = ["API keys"]
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)  # beyond it an offset may lead out of the calendar


class NewApiKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a key is to be. With `agent` it acts as that agent in histories."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    scopes: Annotated[tuple[Scope, ...], Meta(min_length=1)]
    agent: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    expires_at: Instant | None = None


class ApiKeyView(Struct, frozen=True, kw_only=True):
    """A key as shown: everything but the key."""

    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    agent: str | None
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None


class MintedApiKey(ApiKeyView, frozen=True, kw_only=True):
    """A new key. `key` is shown this once; it is null when an Idempotency-Key is used again."""

    key: str | None = None


@post("/v1/api-keys", opt=needs("admin"), tags=_TAGS, operation_id="mintApiKey")
async def mint_api_key(request: Call, parts: FromParts, data: JSONBody[NewApiKey]) -> Response[MintedApiKey]:
    """Make a key."""
    now = parts.now()
    if data.expires_at is not None and not now < data.expires_at < _LATEST:
        bound = "in the future" if data.expires_at <= now else "before the year 9999"
        fault = Fault(f"must lie {bound}", pointer="/expires_at")
        raise Problem(422, "The body does not fit.", errors=[fault])
    secret: str | None = None

    async def mint() -> Answer:
        nonlocal secret
        key = ApiKey(
            id=parts.new_id(),
            name=data.name,
            scopes=tuple(sorted(set(data.scopes))),
            agent=data.agent,
            created_at=now,
            expires_at=data.expires_at,
        )
        secret = await parts.api_keys.mint(key)
        return Answer(HTTPStatus.CREATED, msgspec.json.encode(key))

    answer = await once(parts, request, mint)
    minted = msgspec.structs.replace(msgspec.json.decode(answer.body, type=MintedApiKey), key=secret)
    return Response(minted, headers={"Location": f"/v1/api-keys/{minted.id}", "Cache-Control": "no-store"})


@get("/v1/api-keys", opt=needs("admin"), tags=_TAGS, operation_id="listApiKeys")
async def list_api_keys(
    request: Call, parts: FromParts, limit: Limit = DEFAULT_PAGE, cursor: Cursor = None
) -> Response[Page[ApiKeyView]]:
    """Keys from the newest on, revoked and expired ones too."""
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.api_keys.page(before, limit + 1)
    return answer_page(request, rows, limit, key=lambda key: key.id, show=_view)


@get("/v1/api-keys/{id:uuid}", opt=needs("admin"), tags=_TAGS, operation_id="getApiKey")
async def get_api_key(id: FromPath[UUID], parts: FromParts) -> ApiKeyView:
    """One key."""
    key = await parts.api_keys.read(id)
    if key is None:
        raise Problem(404, "There is no such API key.")
    return _view(key)


@delete("/v1/api-keys/{id:uuid}", opt=needs("admin"), tags=_TAGS, operation_id="revokeApiKey")
async def revoke_api_key(id: FromPath[UUID], parts: FromParts) -> None:
    """Revoke a key for ever; every process has noticed within five seconds. Revoking twice is fine."""
    if await parts.api_keys.revoke(id, parts.now()) is None:
        raise Problem(404, "There is no such API key.")


def _view(key: ApiKey) -> ApiKeyView:
    return msgspec.convert(key, ApiKeyView, from_attributes=True)


ROUTES = (mint_api_key, list_api_keys, get_api_key, revoke_api_key)
