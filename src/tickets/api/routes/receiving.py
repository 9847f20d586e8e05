"""What came in as a request is kept raw and taken in, whatever channel it came by."""

from typing import Any
from uuid import UUID

from litestar import Request, Response
from litestar.openapi import ResponseSpec
from msgspec import Struct

from tickets.api.idempotency import given_key
from tickets.api.parts import Parts
from tickets.application.arrivals.receive import Envelope
from tickets.domain.errors import NotFound
from tickets.domain.words import Channel
from tickets.intake import Trapped
from tickets.observability.logs import CORRELATION_ID


class Received(Struct, frozen=True):
    """What was made of it; both null for what was taken in and will not become a ticket."""

    ticket: UUID | None = None
    number: int | None = None


BEFORE = {200: ResponseSpec(Received, description="It came before, or belongs to a ticket that was there.")}


async def receive(
    parts: Parts, request: Request[Any, Any, Any], channel: Channel, account: str, given_id: str | None = None
) -> Response[Received]:
    """Keep what a request brings as an envelope, take it in, and say what became of it.

    `given_id` names it where the request's `Idempotency-Key` does not.
    """
    envelope = Envelope(
        id=parts.new_id(),
        channel=channel,
        account=account,
        media_type=request.headers.get("content-type", ""),
        body=await request.body(),
        given_id=given_id or given_key(request),
        received_at=parts.now(),
    )
    desk = await parts.house.desks.current()
    try:
        arrived = await parts.porter.receive(envelope, desk, CORRELATION_ID.get())
    except Trapped:
        parts.metrics.forms_refused.labels(account, "trapped").inc()
        return Response(Received(), status_code=201)
    if arrived.ticket is None:
        if channel == "hotline":  # a call that is no ticket's affair, such as one of ours
            return Response(Received(), status_code=200)
        raise NotFound("the ticket this request once opened is gone")
    ticket = arrived.ticket
    return Response(
        Received(ticket.id, ticket.number),
        status_code=201 if arrived.is_new else 200,
        headers={"Location": f"/v1/tickets/{ticket.id}"},
    )
