"""A ticket, what is said on it, and what happened to it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Raw, Struct
from msgspec.structs import replace

from tickets.domain.draft import Attachment, FieldValue, Identity, Verdict
from tickets.domain.words import WORKING, Channel, MessageKind, OfferState, Priority, Status

MOST_TAGS = 50
MOST_FIELDS = 100
"""How many of them a caller may give a ticket."""


class Ticket(Struct, frozen=True, kw_only=True):
    """One request for help, as stored.

    `clocks`, `runs`, `routing` and `offers` are written by the promise engine, escalation and the router and
    passed on unread by everybody else. `tick_at` is a hint for the ticker: when passing time next changes
    anything. While it is offered to an agent it still waits. `react_by` is when its assignee must have
    touched it. `stuck` is why routing gave it up. `last_agent` is who had it last, whoever has it now.
    `merged_into` is the ticket in which it goes on.
    """

    id: UUID
    number: int = 0
    epoch: int = 1
    channel: Channel
    source: str
    account: str
    subject: str
    status: Status = "new"
    priority: Priority = "normal"
    customer_id: UUID
    customer_tier: str | None = None
    customer_segment: str | None = None
    customer_candidates: tuple[UUID, ...] = ()
    team: str | None = None
    rule: str | None = None
    assignee: str | None = None
    units: int = 1
    language: str | None = None
    region: str | None = None
    tags: tuple[str, ...] = ()
    fields: dict[str, FieldValue] = {}
    terms_id: bytes = b""
    clocks: Raw = Raw(b"[]")
    runs: Raw | None = None
    due_at: datetime | None = None
    tick_at: datetime | None = None
    routing: Raw | None = None
    waiting_since: datetime | None = None
    route_at: datetime | None = None
    offers: Raw | None = None
    offer_id: UUID | None = None
    offered_to: str | None = None
    react_by: datetime | None = None
    stuck: str | None = None
    last_agent: str | None = None
    last_agent_since: datetime | None = None
    related_to: UUID | None = None
    merged_into: UUID | None = None
    opened_at: datetime
    updated_at: datetime
    solved_at: datetime | None = None

    @property
    def working(self) -> bool:
        """Whether it is still somebody's work: not solved, not closed."""
        return self.status in WORKING

    @property
    def holder(self) -> str | None:
        """The agent whose capacity it takes: who has it, or is asked whether they take it."""
        return (self.assignee or self.offered_to) if self.working else None

    def moved_on(self, now: datetime) -> "Ticket":
        """As a change leaves it: at the next epoch, so that what was armed for this one is void (law 2)."""
        return replace(self, epoch=self.epoch + 1, updated_at=now)


class Origin(Struct, frozen=True, kw_only=True):
    """The way a customer's message came by, so that an answer finds back.

    `account` is the key of the form, mailbox or hotline, `identity` what the customer was known by there.
    `thread` are the provider's names (Message-IDs) of what it answers and, last, of itself; `verdicts` what
    mail servers found out about the sender.
    """

    source: str
    account: str
    identity: Identity | None = None
    thread: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()


class Message(Struct, frozen=True, kw_only=True):
    """One thing said on a ticket. `author` is `customer:<id>`, `agent:<key>` or `api:<key name>`.

    `signature` and `quoted` were split off the end of `text`; the three together are the whole.
    """

    id: UUID
    ticket_id: UUID
    kind: MessageKind
    author: str
    text: str
    signature: str = ""
    quoted: str = ""
    html: str | None = None
    automatic: bool = False
    written_at: datetime | None = None
    occurred_at: datetime
    attachments: tuple[Attachment, ...] = ()
    origin: Origin | None = None


class Customer(Struct, frozen=True, kw_only=True):
    """The person asking. `identities` are those the envelope at hand came with."""

    id: UUID
    name: str = ""
    language: str | None = None
    region: str | None = None
    tier: str | None = None
    segment: str | None = None
    identities: tuple[Identity, ...] = ()


class Happened(Struct, frozen=True, kw_only=True):
    """One line of a ticket's history.

    `occurred_at` is when it became true, `detected_at` when we noticed (law 6). `signal` is what the
    promise engine was told of it: replaying the signals of a history gives its clocks again (law 8).
    """

    type: str
    actor: str
    occurred_at: datetime
    detected_at: datetime
    signal: Raw | None = None
    data: dict[str, object] = {}


class Alert(Struct, frozen=True, kw_only=True):
    """An escalation level that was reached, and who has to hear of it; once per clock cycle and repeat.

    It is a page of a `run`, where its policy makes one. `policy` is the escalation policy whose level it is;
    `priority` and `team` are the ticket's as it was raised.
    """

    id: UUID
    ticket_id: UUID
    metric: str
    cycle: int
    level: str
    repeat: int = 0
    covers: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    state: str = "open"
    occurred_at: datetime
    detected_at: datetime
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    run: UUID | None = None
    policy: str = ""
    priority: Priority = "normal"
    team: str | None = None


class Offer(Struct, frozen=True, kw_only=True):
    """A ticket offered to one agent, who may take it up to and including `expires_at`."""

    id: UUID
    ticket_id: UUID
    agent: str
    state: OfferState = "open"
    round: int
    offered_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class Outgoing(Struct, frozen=True, kw_only=True):
    """Something that must leave: the bytes to send, where to, and why."""

    id: UUID
    way: str
    destination: str
    body: bytes
    cause: dict[str, object]
    created_at: datetime


class Settled(Struct, frozen=True):
    """What becomes of the alerts of a run: somebody has them, or they are over."""

    run: UUID
    state: Literal["acknowledged", "resolved"]
    by: str


class Change(Struct, frozen=True, kw_only=True):
    """Everything one use case does to one ticket: written in one statement or not at all.

    `before` is None for a new ticket. `offer` is the one made or ended by it, `settled` are runs whose alerts
    are no longer open. `capacity` is what agents' loads move by, by agent key, in units.
    """

    before: Ticket | None
    after: Ticket
    now: datetime
    happened: tuple[Happened, ...] = ()
    messages: tuple[Message, ...] = ()
    alerts: tuple[Alert, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    offer: Offer | None = None
    settled: tuple[Settled, ...] = ()
    capacity: dict[str, int] = {}
    correlation_id: str | None = None
