"""`/v1/tickets/{id}/sla`, `/v1/sla`: how promises stand, and why."""

from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody

from tickets.api.auth import needs
from tickets.api.idempotency import ONLY_ASKS
from tickets.api.parts import FromParts, Parts
from tickets.api.supposed import Supposed, supposed_ticket
from tickets.application.promises.explaining import ExplanationView, choice_of, explained
from tickets.application.promises.history import first_terms, terms_since
from tickets.application.promises.preview import Preview, preview
from tickets.application.promises.standing import PromisesView, promises_of
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Ticket

_TAGS = ["Promises"]


@get("/v1/tickets/{id:uuid}/sla", opt=needs("tickets:read"), tags=_TAGS, operation_id="getPromises")
async def get_promises(id: FromPath[UUID], parts: FromParts) -> PromisesView:
    """How a ticket's promises stand this instant: used, left, due, and what comes next."""
    ticket = await _ticket(parts, id)
    return promises_of(ticket, await parts.house.pinned(ticket), parts.now())


@get(
    "/v1/tickets/{id:uuid}/sla/explain",
    opt=needs("tickets:read"),
    tags=_TAGS,
    operation_id="explainPromises",
)
async def explain_promises(id: FromPath[UUID], parts: FromParts) -> ExplanationView:
    """Why: which policy and why not those before it, and every counted, closed and paused stretch."""
    ticket = await _ticket(parts, id)
    lines = await parts.promises.history(id)
    pinned = await parts.house.pinned(ticket)
    first = await parts.house.terms(first_terms(ticket, lines))
    chosen_at = terms_since(ticket, lines)
    choice = choice_of(ticket, pinned, await parts.desks.as_of(chosen_at), chosen_at)
    return explained(ticket, first, pinned, lines, choice, parts.now())


@post(
    "/v1/sla/preview",
    opt=needs("tickets:read") | ONLY_ASKS,
    tags=_TAGS,
    operation_id="previewPromises",
    status_code=200,
)
async def preview_promises(parts: FromParts, data: JSONBody[Supposed]) -> Preview:
    """What would be promised to such a ticket, and when it would be due. Nothing is stored."""
    return preview(supposed_ticket(data, parts.now()), await parts.house.desks.current())


async def _ticket(parts: Parts, ticket_id: UUID) -> Ticket:
    ticket = await parts.house.tickets.read(ticket_id)
    if ticket is None:
        raise NotFound(f"there is no ticket {ticket_id}")
    return ticket


ROUTES = (get_promises, explain_promises, preview_promises)
