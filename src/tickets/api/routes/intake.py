"""`/v1/intake`: mail and calls come in; whatever comes is kept raw before it is read."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import Raw

from tickets.api.auth import Call, needs
from tickets.api.document import accepts
from tickets.api.idempotency import Answer, repeatable
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parameters import ANY_QUERY
from tickets.api.parts import FromParts
from tickets.api.routes.receiving import BEFORE, Received, receive
from tickets.application.views import EnvelopeView
from tickets.domain.errors import NotFound
from tickets.intake import CallEvent
from tickets.observability.logs import CORRELATION_ID

_TAGS = ["Intake"]


@post(
    "/v1/intake/inbox/{mailbox:str}",
    opt=needs("intake:write") | accepts({"message/rfc822": bytes}),
    tags=_TAGS,
    operation_id="deliverMail",
    responses=BEFORE,
)
async def deliver_mail(mailbox: FromPath[str], request: Call, parts: FromParts) -> Response[Received]:
    """A mail arrives, as `message/rfc822`."""
    if (await parts.house.desks.current()).mailbox(mailbox) is None:
        raise NotFound(f"there is no mailbox {mailbox!r}")
    return await receive(parts, request, "inbox", mailbox)


@post(
    "/v1/intake/hotline/{line:str}",
    opt=needs("intake:write") | ANY_QUERY | accepts({"application/json": CallEvent, "text/csv": bytes}),
    tags=_TAGS,
    operation_id="reportCall",
    responses=BEFORE,
)
async def report_call(line: FromPath[str], request: Call, parts: FromParts) -> Response[Received]:
    """A call started, was answered, was missed, or ended; in any order, as often as you like.

    Asterisk's CEL or CDR rows may be sent as `text/csv`, whole days at once and again.
    """
    return await receive(parts, request, "hotline", line)


@get("/v1/envelopes", opt=needs("tickets:read"), tags=_TAGS, operation_id="listEnvelopes")
async def list_envelopes(
    request: Call,
    parts: FromParts,
    having: Annotated[
        Literal["received", "accepted", "quarantined"] | None, QueryParameter(name="state")
    ] = None,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response[Page[EnvelopeView]]:
    """What arrived, from the newest on; `state=quarantined` is what could not be understood, and why."""
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.envelopes.page(having, before, limit + 1)
    return answer_page(request, rows, limit, key=lambda row: row.id, show=lambda row: row)


@post("/v1/envelopes/{id:uuid}/replay", opt=needs("intake:write"), tags=_TAGS, operation_id="replayEnvelope")
async def replay_envelope(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
) -> Response[Received | Raw]:
    """Try to understand an envelope again; one already understood gives its ticket."""

    async def replay() -> Answer:
        envelope = await parts.envelopes.read(id)
        if envelope is not None:
            desk = await parts.house.desks.current()
            ticket = (await parts.porter.understand(envelope, desk, CORRELATION_ID.get())).ticket
        elif (shown := await parts.envelopes.show(id)) is not None:  # dropped: it was accepted
            ticket = await parts.house.tickets.read(shown.ticket_id) if shown.ticket_id else None
        else:
            raise NotFound(f"there is no envelope {id}")
        received = Received() if ticket is None else Received(ticket.id, ticket.number)
        return Answer(201, msgspec.json.encode(received))

    answer = await repeatable(parts, request, replay)
    return Response(Raw(answer.body), status_code=answer.status)


ROUTES = (deliver_mail, report_call, list_envelopes, replay_envelope)
