"""Two tickets ask the same."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.conditional import IfMatch, expected_epoch
from tickets.api.idempotency import Answer, once_nobody_is_first, with_etag
from tickets.api.parts import FromParts
from tickets.application.acts.merge_tickets import MergedTickets, merge_tickets
from tickets.application.views import TicketView, show
from tickets.observability.logs import CORRELATION_ID


class OtherTicket(Struct, frozen=True, forbid_unknown_fields=True):
    """The ticket to go on in."""

    into: UUID


@post(
    "/v1/tickets/{id:uuid}/merge",
    opt=needs("tickets:write"),
    tags=["Tickets"],
    operation_id="mergeTickets",
    status_code=200,
)
async def merge(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[OtherTicket],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Close a ticket and go on in another of its customer; the answer is the one that goes on.

    What is promised on the closed one is cancelled; who waits for an answer there waits for it here, and
    writes here from now on. Merging twice, or both ways at once, is merging once.
    """
    merged: MergedTickets | None = None

    async def answer() -> Answer:
        nonlocal merged
        merged = await merge_tickets(
            parts.house,
            id,
            data.into,
            request.auth.actor,
            parts.now(),
            expected=expected_epoch(if_match),
            correlation_id=CORRELATION_ID.get(),
        )
        customer = await parts.house.tickets.customer(merged.survivor.customer_id)
        return Answer(HTTPStatus.OK, msgspec.json.encode(show(merged.survivor, customer)))

    answered = await once_nobody_is_first(parts, request, answer)
    for change in merged.changes if merged else ():
        parts.house.observer.changed(change)
    return with_etag(answered)


ROUTES = (merge,)
