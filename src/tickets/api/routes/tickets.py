"""`/v1/tickets`: other systems open tickets, agents find and read them."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta, Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.conditional import etag
from tickets.api.given import Fields, Tags, Word, named_twice
from tickets.api.idempotency import idempotent
from tickets.api.pagination import DEFAULT_PAGE, Cursor, Limit, Page, answer_page, from_cursor
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.application.arrivals.arrive import arrive
from tickets.application.views import EventView, MessageView, TicketLine, TicketView, show
from tickets.domain.draft import Draft, Identity, Sender
from tickets.domain.errors import NotFound
from tickets.domain.words import Channel, Priority, Status, composed
from tickets.intake.addresses import normal_address
from tickets.intake.phones import e164
from tickets.observability.logs import CORRELATION_ID
from tickets.persistence.reading import TicketFilter

_TAGS = ["Tickets"]
_LARGEST_NUMBER = 2**63 - 1
_encode = msgspec.json.Encoder().encode

Text = Annotated[str, Meta(max_length=200_000)]


class EventKey(Struct, frozen=True, array_like=True):
    """Where a history goes on: as wide as the columns."""

    epoch: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    position: Annotated[int, Meta(ge=-1, le=2**15 - 1)] = -1


class NewCustomer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who asks. Any one identity recognises a customer we know; `external_id` is your own key for them."""

    name: Annotated[str, Meta(max_length=200)] = ""
    email: Annotated[str, Meta(max_length=320, pattern="^[^@\\s]+@[^@\\s]+$")] | None = None
    phone: Annotated[str, Meta(max_length=40)] | None = None
    external_id: Word | None = None
    language: Word | None = None
    region: Word | None = None


class NewTicket(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for help. `external_id` makes it idempotent for ever: the same again is the same ticket."""

    subject: Annotated[str, Meta(min_length=1, max_length=500)]
    text: Text = ""
    customer: NewCustomer = NewCustomer()
    priority: FromQuery[Priority | None] = None
    language: Word | None = None
    region: Word | None = None
    tags: Tags = ()
    fields: Fields = {}
    source: Word = "rest"
    external_id: Word | None = None


@post(
    "/v1/tickets",
    opt=needs("tickets:write"),
    tags=_TAGS,
    operation_id="openTicket",
    responses={
        200: ResponseSpec(TicketView, description="The ticket that this external_id has opened before.")
    },
)
async def open_ticket(
    request: Call, parts: FromParts, data: JSONBody[NewTicket]
) -> Response[TicketView | Raw]:
    """Open a ticket. It is committed, promised and waiting for an agent when the answer comes."""
    if faults := tuple(named_twice(data.fields)):
        raise Problem(422, "The body does not fit.", errors=faults)
    desk = await parts.house.desks.at_least(0)
    draft = _draft(data, request.auth.name, desk.desk.country)
    arrived = await arrive(
        parts.house,
        draft,
        parts.now(),
        idempotent=await idempotent(request),
        answering=lambda ticket, customer: _encode(show(ticket, customer)),
        correlation_id=CORRELATION_ID.get(),
    )
    if arrived.kept is not None:
        kept = msgspec.json.decode(arrived.kept, type=_Opened)
        return Response(arrived.kept, status_code=201, headers=_headers(kept.id, kept.epoch))
    if arrived.ticket is None or arrived.customer is None:
        raise NotFound("the ticket this request once opened is gone")
    ticket = arrived.ticket
    return Response(
        show(ticket, arrived.customer),
        status_code=201 if arrived.is_new else 200,
        headers=_headers(ticket.id, ticket.epoch),
    )


class _Opened(Struct):
    id: UUID
    epoch: int


def _headers(ticket: UUID, epoch: int) -> dict[str, str]:
    return {"Location": f"/v1/tickets/{ticket}", "ETag": etag(epoch)}


def _draft(data: NewTicket, client: str, country: str) -> Draft:
    who = data.customer
    found = (
        ("email", who.email and normal_address(who.email)),
        ("phone", who.phone and (e164(who.phone, country) or who.phone)),
        ("external", who.external_id),
    )
    return Draft(
        channel="api",
        source=data.source,
        account=client,
        external_id=data.external_id,
        subject=data.subject,
        text=data.text,
        sender=Sender(
            name=who.name,
            identities=tuple(Identity(kind, value) for kind, value in found if value),  # type: ignore[arg-type]
            language=who.language,
            region=who.region,
        ),
        priority=data.priority,
        language=data.language,
        region=data.region,
        tags=tuple(dict.fromkeys(data.tags)),
        fields=data.fields,
    )


@get("/v1/tickets", opt=needs("tickets:read"), tags=_TAGS, operation_id="listTickets")
async def list_tickets(  # noqa: PLR0913, PLR0917 - one parameter a filter
    request: Call,
    parts: FromParts,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
    number: Annotated[int | None, QueryParameter(ge=1, le=_LARGEST_NUMBER)] = None,
    status: FromQuery[Status | None] = None,
    priority: FromQuery[Priority | None] = None,
    channel: FromQuery[Channel | None] = None,
    team: FromQuery[str | None] = None,
    assignee: FromQuery[str | None] = None,
    customer_id: FromQuery[UUID | None] = None,
    tag: FromQuery[str | None] = None,
    waiting: FromQuery[bool | None] = None,
    merged_into: FromQuery[UUID | None] = None,
    q: Annotated[str | None, QueryParameter(max_length=200, description="Words of the subject.")] = None,
    total: Annotated[bool, QueryParameter(description="Count them, too: X-Total-Count.")] = False,  # noqa: FBT002
) -> Response[Page[TicketLine]]:
    """Tickets from the newest on."""
    wanted = TicketFilter(
        number=number,
        status=status,
        priority=priority,
        channel=channel,
        team=team,
        assignee=assignee,
        customer_id=customer_id,
        tag=tag and composed(tag),
        waiting=waiting,
        merged_into=merged_into,
        q=q,
    )
    before = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.reading.tickets(wanted, before, limit + 1)
    page = answer_page(request, rows, limit, key=lambda line: line.id, show=lambda line: line)
    if total:
        page.headers["X-Total-Count"] = str(await parts.reading.count(wanted))
    return page


@get("/v1/tickets/{id:uuid}", opt=needs("tickets:read"), tags=_TAGS, operation_id="getTicket")
async def get_ticket(id: FromPath[UUID], parts: FromParts) -> Response[TicketView]:
    """One ticket, with its clocks, its assignee and why."""
    ticket = await parts.house.tickets.read(id)
    if ticket is None:
        raise NotFound(f"there is no ticket {id}")
    customer = await parts.house.tickets.customer(ticket.customer_id)
    return Response(show(ticket, customer), headers={"ETag": etag(ticket.epoch)})


@get("/v1/tickets/{id:uuid}/messages", opt=needs("tickets:read"), tags=_TAGS, operation_id="listMessages")
async def list_messages(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response[Page[MessageView]]:
    """What was said, in order."""
    after = from_cursor(cursor, UUID) if cursor else None
    rows = await parts.reading.messages(id, after, limit + 1)
    await _must_exist(parts, id, rows)
    return answer_page(request, rows, limit, key=lambda said: said.id, show=lambda said: said)


@get("/v1/tickets/{id:uuid}/events", opt=needs("tickets:read"), tags=_TAGS, operation_id="listEvents")
async def list_events(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    limit: Limit = DEFAULT_PAGE,
    cursor: Cursor = None,
) -> Response[Page[EventView]]:
    """The history, in the order it was written."""
    after = from_cursor(cursor, EventKey) if cursor else EventKey()
    rows = await parts.reading.events(id, (after.epoch, after.position), limit + 1)
    await _must_exist(parts, id, rows)
    return answer_page(request, rows, limit, key=lambda e: (e.epoch, e.position), show=lambda event: event)


async def _must_exist(parts: Parts, ticket: UUID, rows: Sequence[object]) -> None:
    """Tell an empty page of a ticket from a ticket that is not there. Raises `NotFound`."""
    if not rows and await parts.house.tickets.read(ticket) is None:
        raise NotFound(f"there is no ticket {ticket}")


ROUTES = (open_ticket, list_tickets, get_ticket, list_messages, list_events)
