"""`/v1/tickets/{id}/sla`, `/v1/sla`: how promises stand, and why."""

from typing import Annotated
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from tickets.api.auth import needs
from tickets.api.idempotency import ONLY_ASKS
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Fault, Problem
from tickets.application.promises.explaining import ExplanationView, choice_of, explained
from tickets.application.promises.history import first_terms, terms_since
from tickets.application.promises.preview import Preview, preview
from tickets.application.promises.standing import PromisesView, promises_of
from tickets.domain.draft import FieldValue
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Ticket
from tickets.domain.words import Channel, Instant, Priority

_TAGS = ["Promises"]
_NOBODY = UUID(int=0)
_FIRST_YEAR, _LAST_YEAR = 2000, 2100

Word = Annotated[str, Meta(min_length=1, max_length=200)]


class Supposed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket as it might come in. Without a `team` the routing rules choose one, as for a real ticket.

    `account` is the form, mailbox, hotline or API client it comes by; `opened_at` is now unless given.
    """

    channel: Channel = "api"
    source: Word = "rest"
    account: Word = "-"
    priority: Priority = "normal"
    team: Word | None = None
    customer_id: UUID | None = None
    customer_tier: Word | None = None
    language: Word | None = None
    region: Word | None = None
    tags: Annotated[tuple[Word, ...], Meta(max_length=50)] = ()
    fields: Annotated[dict[Word, FieldValue], Meta(max_length=100)] = {}
    opened_at: Instant | None = None


@get("/v1/tickets/{id:uuid}/sla", opt=needs("tickets:read"), tags=_TAGS, operation_id="getPromises")
async def get_promises(id: FromPath[UUID], parts: FromParts) -> PromisesView:  # noqa: A002 - the path's word
    """How a ticket's promises stand this instant: used, left, due, and what comes next."""
    ticket = await _ticket(parts, id)
    return promises_of(ticket, await parts.house.pinned(ticket), parts.now())


@get(
    "/v1/tickets/{id:uuid}/sla/explain",
    opt=needs("tickets:read"),
    tags=_TAGS,
    operation_id="explainPromises",
)
async def explain_promises(id: FromPath[UUID], parts: FromParts) -> ExplanationView:  # noqa: A002 - as above
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
    at = data.opened_at or parts.now()
    if not _FIRST_YEAR <= at.year < _LAST_YEAR:
        fault = Fault(f"must lie between {_FIRST_YEAR} and {_LAST_YEAR}", pointer="/opened_at")
        raise Problem(422, "The body does not fit.", errors=[fault])
    ticket = Ticket(
        id=_NOBODY,
        channel=data.channel,
        source=data.source,
        account=data.account,
        subject="",
        priority=data.priority,
        customer_id=data.customer_id or _NOBODY,
        customer_tier=data.customer_tier,
        team=data.team,
        language=data.language,
        region=data.region,
        tags=data.tags,
        fields=data.fields,
        opened_at=at,
        updated_at=at,
    )
    return preview(ticket, await parts.house.desks.current())


async def _ticket(parts: Parts, ticket_id: UUID) -> Ticket:
    ticket = await parts.house.tickets.read(ticket_id)
    if ticket is None:
        raise NotFound(f"there is no ticket {ticket_id}")
    return ticket


ROUTES = (get_promises, explain_promises, preview_promises)
