"""What agents and other systems do to a ticket."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Raw, Struct

from tickets.api.auth import Call, needs
from tickets.api.conditional import IfMatch, expected_epoch
from tickets.api.idempotency import Answer, once, with_etag
from tickets.api.parts import FromParts, Parts
from tickets.application.acts.act import act, give_team
from tickets.application.acts.tell_late import tell_late
from tickets.application.changes.change import Assign, Command, Say, SetPriority, SetStatus
from tickets.application.changes.ended import MarkAsSpam
from tickets.application.promises.late_facts import LateFact, LateKind
from tickets.application.views import TicketView, show
from tickets.domain.draft import Attachment
from tickets.domain.ticket import Change
from tickets.domain.words import Instant, Priority
from tickets.intake.html_text import clean_html
from tickets.intake.text import NAME_LIMIT, line
from tickets.observability.logs import CORRELATION_ID

_TAGS = ["Tickets"]
_WRITE = needs("tickets:write")


class NewFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file to send with a message; `content` in base 64."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    media_type: Annotated[str, Meta(max_length=200)] = "application/octet-stream"
    content: bytes


class NewMessage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to say. Only a public reply, and not an automatic one, is an answer to the customer.

    A public reply leaves by the way the customer came, as `text` and, where given, as `html`, made harmless.
    """

    kind: Literal["public_reply", "internal_note", "customer_message"]
    text: Annotated[str, Meta(min_length=1, max_length=200_000)]
    html: Annotated[str, Meta(max_length=1_000_000)] | None = None
    attachments: Annotated[tuple[NewFile, ...], Meta(max_length=50)] = ()
    automatic: bool = False


class NewFact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that happened before now and that nobody told. Verdicts become what they should have been."""

    type: LateKind
    occurred_at: Instant
    note: Annotated[str, Meta(max_length=2000)] = ""


class NewStatus(Struct, frozen=True, forbid_unknown_fields=True):
    """The status to move to."""

    status: Literal["open", "pending", "on_hold", "solved", "closed"]


class NewPriority(Struct, frozen=True, forbid_unknown_fields=True):
    """The priority to give; the promises follow it."""

    priority: Priority


class NewTeam(Struct, frozen=True, forbid_unknown_fields=True):
    """The team to give it to."""

    team: Annotated[str, Meta(min_length=1, max_length=200)]


class NewAssignee(Struct, frozen=True, forbid_unknown_fields=True):
    """The agent to give it to; null puts it back to wait for one."""

    agent: Annotated[str, Meta(min_length=1, max_length=200)] | None


@post("/v1/tickets/{id:uuid}/messages", opt=_WRITE, tags=_TAGS, operation_id="addMessage")
async def add_message(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewMessage],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Reply to the customer, or note something among agents."""
    command = Say(
        kind=data.kind,
        text=data.text,
        html=None if data.html is None else clean_html(data.html),
        automatic=data.automatic,
        attachments=await parts.attachments.put_away(
            (
                Attachment(
                    name=line(file.name, NAME_LIMIT) or "file",
                    media_type=file.media_type,
                    content=file.content,
                )
                for file in data.attachments
            ),
            parts.now(),
        ),
    )
    return await carry_out(parts, request, id, command, if_match, status=201)


@post("/v1/tickets/{id:uuid}/status", opt=_WRITE, tags=_TAGS, operation_id="setStatus", status_code=200)
async def set_status(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewStatus],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Move it to another status."""
    return await carry_out(parts, request, id, SetStatus(data.status), if_match)


@post("/v1/tickets/{id:uuid}/priority", opt=_WRITE, tags=_TAGS, operation_id="setPriority", status_code=200)
async def set_priority(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewPriority],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Give it another priority. Time already used stays used."""
    return await carry_out(parts, request, id, SetPriority(data.priority), if_match)


@post("/v1/tickets/{id:uuid}/assign", opt=_WRITE, tags=_TAGS, operation_id="assign", status_code=200)
async def assign(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewAssignee],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Give it to an agent who is online and has room, or to nobody."""
    return await carry_out(parts, request, id, Assign(data.agent), if_match)


@post("/v1/tickets/{id:uuid}/team", opt=_WRITE, tags=_TAGS, operation_id="setTeam", status_code=200)
async def set_team(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewTeam],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Give it to another team, whose rules find its agent. Who has it keeps it if they work there, too."""
    giving = partial(
        give_team,
        parts.house,
        id,
        data.team,
        request.auth.actor,
        parts.now(),
        expected=expected_epoch(if_match),
        correlation_id=CORRELATION_ID.get(),
    )
    return await _answered(parts, request, giving)


@post("/v1/tickets/{id:uuid}/solve", opt=_WRITE, tags=_TAGS, operation_id="solve", status_code=200)
async def solve(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """The work is done."""
    return await carry_out(parts, request, id, SetStatus("solved"), if_match)


@post("/v1/tickets/{id:uuid}/reopen", opt=_WRITE, tags=_TAGS, operation_id="reopen", status_code=200)
async def reopen(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """It was not done after all."""
    return await carry_out(parts, request, id, SetStatus("open"), if_match)


@post("/v1/tickets/{id:uuid}/spam", opt=_WRITE, tags=_TAGS, operation_id="markAsSpam", status_code=200)
async def mark_as_spam(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """It is no request at all: closed, tagged `spam`, nothing promised any more; `reopen` takes it back."""
    return await carry_out(parts, request, id, MarkAsSpam(), if_match)


@post("/v1/tickets/{id:uuid}/facts", opt=_WRITE, tags=_TAGS, operation_id="tellLate", status_code=200)
async def tell_fact_late(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
    data: JSONBody[NewFact],
    if_match: IfMatch = None,
) -> Response[TicketView | Raw]:
    """Tell what happened earlier, such as a call at 09:10. The history says what that changed."""
    fact = LateFact(type=data.type, occurred_at=data.occurred_at, note=data.note)
    late = partial(
        tell_late,
        parts.house,
        parts.promises,
        id,
        fact,
        request.auth.actor,
        parts.now(),
        expected=expected_epoch(if_match),
        correlation_id=CORRELATION_ID.get(),
    )
    return await _answered(parts, request, late)


async def carry_out(
    parts: Parts, request: Call, ticket_id: UUID, command: Command, if_match: str | None, status: int = 200
) -> Response[TicketView | Raw]:
    """Carry out a command on a ticket once, and show what it came to."""
    acting = partial(
        act,
        parts.house,
        ticket_id,
        command,
        request.auth.actor,
        parts.now(),
        expected=expected_epoch(if_match),
        correlation_id=CORRELATION_ID.get(),
    )
    return await _answered(parts, request, acting, status)


async def _answered(
    parts: Parts, request: Call, acting: Callable[[], Awaitable[Change]], status: int = 200
) -> Response[TicketView | Raw]:
    change: Change | None = None

    async def answer() -> Answer:
        nonlocal change
        change = await acting()
        customer = await parts.house.tickets.customer(change.after.customer_id)
        return Answer(status, msgspec.json.encode(show(change.after, customer)))

    answered = await once(parts, request, answer)
    if change is not None:
        parts.house.observer.changed(change)
    return with_etag(answered)


ROUTES = (
    add_message,
    set_status,
    set_priority,
    set_team,
    assign,
    solve,
    reopen,
    mark_as_spam,
    tell_fact_late,
)
