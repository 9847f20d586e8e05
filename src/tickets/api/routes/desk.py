"""`/v1/desk`, `/v1/alerts`: configuration, and what on-call managers watch."""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Raw

from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, repeatable
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parts import FromParts
from tickets.application import publish
from tickets.application.acts.acknowledge import acknowledge
from tickets.application.desk.export import export
from tickets.application.desk.kinds import KIND, objects_of
from tickets.application.views import AlertView
from tickets.domain.errors import NotFound


@get(
    "/v1/desk",
    opt=needs("desk:read"),
    tags=["Desk"],
    operation_id="exportDesk",
    media_type="application/yaml",
)
async def export_desk(parts: FromParts) -> Response[str]:
    """The whole desk, as the file `tickets apply` takes."""
    desk = await parts.house.desks.current()
    return Response(export(desk.desk), media_type="application/yaml")


@get("/v1/desk/{kind:str}", opt=needs("desk:read"), tags=["Desk"], operation_id="listDeskObjects")
async def list_objects(kind: FromPath[str], parts: FromParts) -> list[Raw]:
    """Every object of a kind."""
    if kind not in KIND:
        raise NotFound(f"the desk has no {kind}")
    desk = await parts.house.desks.current()
    return [Raw(msgspec.json.encode(found)) for found in objects_of(desk.desk, KIND[kind]).values()]


@get("/v1/desk/{kind:str}/{key:str}", opt=needs("desk:read"), tags=["Desk"], operation_id="getDeskObject")
async def get_object(kind: FromPath[str], key: FromPath[str], parts: FromParts) -> Raw:
    """One object."""
    desk = await parts.house.desks.current()
    found = objects_of(desk.desk, KIND[kind]).get(key) if kind in KIND else None
    if found is None:
        raise NotFound(f"the desk has no {kind}/{key}")
    return Raw(msgspec.json.encode(found))


@put("/v1/desk/{kind:str}/{key:str}", opt=needs("desk:write"), tags=["Desk"], operation_id="putDeskObject")
async def put_object(
    kind: FromPath[str], key: FromPath[str], request: Request[Any, Any, Any], parts: FromParts
) -> Raw:
    """Publish one object; a new version of it if it was there."""
    await publish.put(parts.desks, kind, key, await request.body(), parts.now())
    parts.ring(everyone=True)
    return await _object(parts, kind, key)


async def _object(parts: FromParts, kind: str, key: str) -> Raw:
    desk = await parts.desks.current()
    return Raw(msgspec.json.encode(objects_of(desk.desk, KIND[kind])[key]))


@delete(
    "/v1/desk/{kind:str}/{key:str}", opt=needs("desk:write"), tags=["Desk"], operation_id="removeDeskObject"
)
async def remove_object(kind: FromPath[str], key: FromPath[str], parts: FromParts) -> None:
    """Retire one object; its versions stay with the tickets that run on them."""
    await publish.remove(parts.desks, kind, key, parts.now())
    parts.ring(everyone=True)


@get("/v1/alerts", opt=needs("alerts:read"), tags=["Alerts"], operation_id="listAlerts")
async def list_alerts(
    request: Call,
    parts: FromParts,
    having: Annotated[
        Literal["open", "acknowledged", "resolved", "withdrawn"] | None, QueryParameter(name="state")
    ] = None,
    ticket: FromQuery[UUID | None] = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response[Page[AlertView]]:
    """Escalations, from the newest on."""
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.reading.alerts(having, ticket, before, limit + 1)
    return answer_page(request, rows, limit, key=lambda row: row.id, show=lambda row: row)


@post(
    "/v1/alerts/{id:uuid}/acknowledge",
    opt=needs("alerts:write"),
    tags=["Alerts"],
    operation_id="acknowledgeAlert",
    status_code=HTTPStatus.NO_CONTENT,
)
async def acknowledge_alert(id: FromPath[UUID], request: Call, parts: FromParts) -> None:
    """Somebody has it: no more repeats for this promise. Acknowledging twice is fine."""

    async def take() -> Answer:
        await acknowledge(parts.house, id, request.auth.actor, parts.now())
        return Answer(HTTPStatus.NO_CONTENT, b"{}")

    await repeatable(parts, request, take)


ROUTES = (
    export_desk,
    list_objects,
    get_object,
    put_object,
    remove_object,
    list_alerts,
    acknowledge_alert,
)
