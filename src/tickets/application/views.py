"""What is shown of tickets, messages, history and alerts; the JSON of the API."""

from uuid import UUID

from msgspec import Raw, Struct

from tickets.application.promises.clock_view import ClockView, shown_clocks
from tickets.domain.draft import FieldValue, Identity
from tickets.domain.ticket import Customer, Ticket
from tickets.domain.words import Instant


class CustomerView(Struct, frozen=True, kw_only=True):
    """The person asking."""

    id: UUID
    name: str
    language: str | None
    region: str | None
    tier: str | None
    segment: str | None
    identities: tuple[Identity, ...]


class TicketView(Struct, frozen=True, kw_only=True):
    """A ticket as shown: `routing` is the last decision and why, `due_at` the nearest due instant.

    While it is offered to an agent (`offered_to`) it still waits. Its assignee has to do something about it
    by `react_by`. `stuck` is why routing gave it up. `customer_candidates`: who it may be from, where several
    customers share the telephone it came from; `PUT /v1/tickets/{id}/customer` chooses. `merged_into` is the
    ticket in which it goes on.
    """

    id: UUID
    number: int
    epoch: int
    channel: str
    source: str
    account: str
    subject: str
    status: str
    priority: str
    customer: CustomerView
    customer_candidates: tuple[UUID, ...]
    team: str | None
    rule: str | None
    assignee: str | None
    language: str | None
    region: str | None
    tags: tuple[str, ...]
    fields: dict[str, FieldValue]
    clocks: list[ClockView]
    due_at: Instant | None
    routing: Raw
    waiting_since: Instant | None
    offered_to: str | None
    react_by: Instant | None
    stuck: str | None
    related_to: UUID | None
    merged_into: UUID | None
    opened_at: Instant
    updated_at: Instant
    solved_at: Instant | None


class TicketLine(Struct, frozen=True):
    """A ticket in a list: what a queue needs to see."""

    id: UUID
    number: int
    channel: str
    source: str
    subject: str
    status: str
    priority: str
    customer_id: UUID
    team: str | None
    assignee: str | None
    region: str | None
    tags: tuple[str, ...]
    due_at: Instant | None
    waiting_since: Instant | None
    opened_at: Instant
    updated_at: Instant


class AttachmentView(Struct, frozen=True):
    """A file of a message; `GET /v1/tickets/{id}/attachments/{attachment}` gives its bytes.

    `content_id` is set for images shown inside the HTML.
    """

    id: UUID
    name: str
    media_type: str
    bytes: int
    content_id: str | None


class MessageView(Struct, frozen=True):
    """Something said on a ticket.

    `signature` and `quoted` (what a mail repeats of earlier ones) were split off the end of `text`; `html`
    is the whole.
    """

    id: UUID
    kind: str
    author: str
    text: str
    signature: str
    quoted: str
    html: str | None
    automatic: bool
    written_at: Instant | None
    occurred_at: Instant
    attachments: tuple[AttachmentView, ...]


class EventView(Struct, frozen=True):
    """A line of history. `occurred_at` is when it became true, `detected_at` when it was noticed."""

    epoch: int
    position: int
    type: str
    actor: str
    occurred_at: Instant
    detected_at: Instant
    data: Raw
    correlation_id: str | None


class AlertView(Struct, frozen=True):
    """An escalation level that was reached; a page of a `run`, where its policy makes one.

    `policy` is the escalation policy whose level it is; `priority` and `team` are the ticket's as it was
    raised.
    """

    id: UUID
    ticket_id: UUID
    metric: str
    cycle: int
    level: str
    repeat: int
    covers: tuple[str, ...]
    recipients: tuple[str, ...]
    state: str
    occurred_at: Instant
    detected_at: Instant
    acknowledged_by: str | None
    acknowledged_at: Instant | None
    run: UUID | None
    policy: str
    priority: str
    team: str | None


class OfferView(Struct, frozen=True):
    """A ticket offered to an agent, who may accept up to and including `expires_at`."""

    id: UUID
    ticket_id: UUID
    number: int
    subject: str
    priority: str
    channel: str
    team: str | None
    region: str | None
    agent: str
    round: int
    offered_at: Instant
    expires_at: Instant
    due_at: Instant | None


class EnvelopeView(Struct, frozen=True):
    """Something that arrived: what it was, and what became of it. Its `bytes` are gone at `dropped_at`."""

    id: UUID
    channel: str
    account: str
    media_type: str
    state: str
    reason: str | None
    ticket_id: UUID | None
    received_at: Instant
    bytes: int
    dropped_at: Instant | None


_NOT_YET = Raw(b"null")


def show(ticket: Ticket, customer: Customer) -> TicketView:
    """A ticket with its customer, as shown."""
    return TicketView(
        id=ticket.id,
        number=ticket.number,
        epoch=ticket.epoch,
        channel=ticket.channel,
        source=ticket.source,
        account=ticket.account,
        subject=ticket.subject,
        status=ticket.status,
        priority=ticket.priority,
        customer=CustomerView(
            id=customer.id,
            name=customer.name,
            language=customer.language,
            region=customer.region,
            tier=customer.tier,
            segment=customer.segment,
            identities=customer.identities,
        ),
        customer_candidates=ticket.customer_candidates,
        team=ticket.team,
        rule=ticket.rule,
        assignee=ticket.assignee,
        language=ticket.language,
        region=ticket.region,
        tags=ticket.tags,
        fields=ticket.fields,
        clocks=shown_clocks(ticket),
        due_at=ticket.due_at,
        routing=ticket.routing or _NOT_YET,
        waiting_since=ticket.waiting_since,
        offered_to=ticket.offered_to,
        react_by=ticket.react_by,
        stuck=ticket.stuck,
        related_to=ticket.related_to,
        merged_into=ticket.merged_into,
        opened_at=ticket.opened_at,
        updated_at=ticket.updated_at,
        solved_at=ticket.solved_at,
    )
