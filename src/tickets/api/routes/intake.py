"""`/v1/intake`: forms, mail and calls come in; whatever comes is kept raw before it is read."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, QueryParameter
from msgspec import Raw, Struct

from tickets.api.auth import PUBLIC, Call, needs
from tickets.api.document import accepts
from tickets.api.idempotency import Answer, given_key, repeatable
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parameters import ANY_QUERY
from tickets.api.parts import FromParts, Parts
from tickets.application.receive import Envelope
from tickets.application.views import EnvelopeView
from tickets.domain.errors import NotFound
from tickets.domain.words import Channel
from tickets.intake import CallEvent, Trapped, schema_of_form
from tickets.observability.logs import CORRELATION_ID

_TAGS = ["Intake"]
_FORM = {
    "application/json": dict[str, object],
    "application/x-www-form-urlencoded": dict[str, str],
    "multipart/form-data": bytes,
}


class Received(Struct, frozen=True):
    """What was made of it; both null for what was taken in and will not become a ticket."""

    ticket: UUID | None = None
    number: int | None = None


_BEFORE = {200: ResponseSpec(Received, description="It came before, or belongs to a ticket that was there.")}


@post(
    "/v1/intake/forms/{form:str}",
    opt=PUBLIC | ANY_QUERY | accepts(_FORM),
    tags=_TAGS,
    operation_id="submitForm",
    responses=_BEFORE,
    dto=None,
)
async def submit_form(
    form: FromPath[str], request: Request[Any, Any, Any], parts: FromParts
) -> Response[Received]:
    """A form is submitted: JSON, urlencoded, or multipart with files. No key is needed."""
    return await _receive(parts, request, "form", form)


@get("/v1/forms/{form:str}/schema", opt=PUBLIC, tags=_TAGS, operation_id="getFormSchema")
async def get_form_schema(form: FromPath[str], parts: FromParts) -> dict[str, object]:
    """The fields of a form, as JSON Schema, for whoever shows it."""
    found = (await parts.house.desks.current()).form(form)
    if found is None:
        raise NotFound(f"there is no form {form!r}")
    return schema_of_form(found)


@post(
    "/v1/intake/inbox/{mailbox:str}",
    opt=needs("intake:write") | accepts({"message/rfc822": bytes}),
    tags=_TAGS,
    operation_id="deliverMail",
    responses=_BEFORE,
)
async def deliver_mail(mailbox: FromPath[str], request: Call, parts: FromParts) -> Response[Received]:
    """A mail arrives, as `message/rfc822`."""
    return await _receive(parts, request, "inbox", mailbox)


@post(
    "/v1/intake/hotline/{line:str}",
    opt=needs("intake:write") | ANY_QUERY | accepts({"application/json": CallEvent, "text/csv": bytes}),
    tags=_TAGS,
    operation_id="reportCall",
    responses=_BEFORE,
)
async def report_call(line: FromPath[str], request: Call, parts: FromParts) -> Response[Received]:
    """A call started, was answered, was missed, or ended; in any order, as often as you like.

    Asterisk's CEL or CDR rows may be sent as `text/csv`, whole days at once and again.
    """
    return await _receive(parts, request, "hotline", line)


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
    id: FromPath[UUID],  # noqa: A002 - the path's own word
    request: Call,
    parts: FromParts,
) -> Response[Received | Raw]:
    """Try to understand an envelope again; one already understood gives its ticket."""

    async def replay() -> Answer:
        envelope = await parts.envelopes.read(id)
        if envelope is None:
            raise NotFound(f"there is no envelope {id}")
        desk = await parts.house.desks.current()
        ticket = (await parts.porter.understand(envelope, desk, CORRELATION_ID.get())).ticket
        received = Received() if ticket is None else Received(ticket.id, ticket.number)
        return Answer(201, msgspec.json.encode(received))

    answer = await repeatable(parts, request, replay)
    return Response(Raw(answer.body), status_code=answer.status)


async def _receive(
    parts: Parts, request: Request[Any, Any, Any], channel: Channel, account: str
) -> Response[Received]:
    envelope = Envelope(
        id=parts.new_id(),
        channel=channel,
        account=account,
        media_type=request.headers.get("content-type", ""),
        body=await request.body(),
        given_id=given_key(request),
        received_at=parts.now(),
    )
    desk = await parts.house.desks.current()
    try:
        arrived = await parts.porter.receive(envelope, desk, CORRELATION_ID.get())
    except Trapped:
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


ROUTES = (submit_form, get_form_schema, deliver_mail, report_call, list_envelopes, replay_envelope)
