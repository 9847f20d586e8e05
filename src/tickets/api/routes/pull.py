"""`/v1/agents/{key}/next`: an agent asks for work."""

from http import HTTPStatus

import msgspec
from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Raw

from tickets.api.acting import agent_of
from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once, with_etag
from tickets.api.parts import FromParts
from tickets.application.assignments.pull import pull
from tickets.application.views import TicketView, show
from tickets.domain.ticket import Change
from tickets.observability.logs import CORRELATION_ID

_NOTHING = Answer(HTTPStatus.NO_CONTENT, b"null")


@post(
    "/v1/agents/{key:str}/next",
    opt=needs("tickets:write"),
    tags=["Agents"],
    operation_id="pullNext",
    status_code=HTTPStatus.OK,
    responses={204: ResponseSpec(None, description="There is nothing for them to take.")},
)
async def pull_next(key: FromPath[str], request: Call, parts: FromParts) -> Response[TicketView | Raw | None]:
    """Give the agent the most urgent waiting ticket they may take; `me` is who the API key acts as.

    They have to be online and have room, skill, region and language for it, as if the router had chosen them.
    """
    agent = agent_of(key, request)
    change: Change | None = None

    async def answer() -> Answer:
        nonlocal change
        change = await pull(parts.house, agent, request.auth.actor, parts.now(), CORRELATION_ID.get())
        if change is None:
            return _NOTHING
        customer = await parts.house.tickets.customer(change.after.customer_id)
        return Answer(HTTPStatus.OK, msgspec.json.encode(show(change.after, customer)))

    answered = await once(parts, request, answer)
    if change is not None:
        parts.house.observer.changed(change)
    if answered.status == HTTPStatus.NO_CONTENT:
        return Response(None, status_code=answered.status)
    return with_etag(answered)


ROUTES = (pull_next,)
