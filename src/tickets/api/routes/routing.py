"""`/v1/tickets/{id}/routing`, `/v1/routing`, `/v1/queues`: who is given what, why, and what waits."""

from datetime import datetime
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from tickets.api.auth import needs
from tickets.api.idempotency import ONLY_ASKS
from tickets.api.parts import FromParts
from tickets.api.supposed import Supposed, supposed_ticket
from tickets.application.placements.explaining import RoutingView, routing_of
from tickets.application.placements.preview import Placed, preview
from tickets.application.placements.queues import QueuesView, queues_of
from tickets.domain.errors import NotFound

_TAGS = ["Routing"]


@get("/v1/tickets/{id:uuid}/routing", opt=needs("tickets:read"), tags=_TAGS, operation_id="explainRouting")
async def explain_routing(id: FromPath[UUID], parts: FromParts) -> RoutingView:
    """Why it was given to whom it was given, or why it waits: the last decision, and what it would be now."""
    ticket = await parts.house.tickets.read(id)
    if ticket is None:
        raise NotFound(f"there is no ticket {id}")
    urgency = await parts.reading.urgency(id)
    desk = await parts.house.desks.current()
    known = await parts.house.tickets.last_agents([ticket.customer_id])
    now = parts.now()
    return routing_of(ticket, urgency, desk, await parts.house.tickets.agent_states(now), now, known)


@post(
    "/v1/routing/preview",
    opt=needs("tickets:read") | ONLY_ASKS,
    tags=_TAGS,
    operation_id="previewRouting",
    status_code=200,
)
async def preview_routing(parts: FromParts, data: JSONBody[Supposed]) -> Placed:
    """To whom such a ticket would be given this instant, and why. Nothing is stored.

    With an `opened_at` in the past it has waited since, and the relaxation steps of that wait are taken.
    """
    now = parts.now()
    ticket = supposed_ticket(data, now)
    desk = await parts.house.desks.current()
    return preview(ticket, desk, await parts.house.tickets.agent_states(now), now)


@get("/v1/queues", opt=needs("tickets:read"), tags=_TAGS, operation_id="listQueues")
async def list_queues(parts: FromParts) -> QueuesView:
    """What waits for each team, how urgently, who could take it, and how long who joins now will wait.

    Where very much waits, an answer that took long is given again for nine times as long: see `as_of`.
    """
    tickets = parts.house.tickets

    async def ask(now: datetime) -> QueuesView:
        desk = await parts.house.desks.current()
        states = await tickets.agent_states(now)
        return await queues_of(parts.reading, tickets.last_agents, desk, states, now)

    return await parts.board.look(ask, parts.now)


ROUTES = (explain_routing, preview_routing, list_queues)
