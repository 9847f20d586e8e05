"""What the use cases ask of the database, in their own words; `persistence` answers."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from msgspec import Raw, Struct

from tickets.application.answers.answer import Correspondence
from tickets.domain.draft import Identity
from tickets.domain.ticket import Alert, Change, Customer, Happened, Offer, Settled, Ticket


class Superseded(Exception):  # noqa: N818 - a condition, not a bug
    """Somebody else wrote first: the same request, the same customer, a new desk. Read and decide again."""


class Idempotent(Struct, frozen=True, kw_only=True):
    """A caller's Idempotency-Key, and the answer to keep under it (the ticket's number is filled in)."""

    api_key: UUID
    key: str
    fingerprint: bytes
    answer: bytes = b"{}"


class Kept(Struct, frozen=True):
    """An answer kept under an Idempotency-Key."""

    fingerprint: bytes
    answer: Raw


class Wanted(Struct, frozen=True, kw_only=True):
    """What a request has to be compared with before anything is decided about it."""

    channel: str
    account: str
    external_id: str | None
    identities: tuple[Identity, ...] = ()
    references: tuple[str, ...] = ()
    number: int | None = None
    idempotent: Idempotent | None = None


class Known(Struct, frozen=True, kw_only=True):
    """What the database knows of a request: its desk revision, its twin, its customer, its ticket.

    `refers_to` is what its references lead to, `numbered` the ticket whose number it names.
    `others` are customers with the same identity, such as a telephone that a family shares. `elsewhere` is
    the ticket of a mail that has come to another mailbox already.
    """

    revision: int
    duplicate_of: UUID | None
    kept: Kept | None
    customer: Customer | None
    refers_to: UUID | None
    numbered: UUID | None = None
    others: tuple[UUID, ...] = ()
    elsewhere: UUID | None = None


class Ledger(Struct, frozen=True):
    """How a request is to be recognised when it, or an answer to it, comes again.

    `follows` names a place that only one new ticket can take: of two direct messages that come at once, one
    opens the ticket that follows on the last and the other finds it.
    """

    channel: str
    account: str
    external_id: str | None
    conversation: tuple[str, ...] = ()
    envelope: UUID | None = None
    follows: str | None = None


class Spoken(NamedTuple):
    """The last ticket of a customer at an account, and when the last word on it was said."""

    ticket: UUID
    at: datetime


class AgentState(Struct, frozen=True):
    """The live part of an agent: `load` in units of capacity; `idle_since` they hold nothing or came.

    `presence` is as it is at the instant asked about, whoever has looked since; it runs out at `expires_at`,
    None for never. They are neither online nor on leave since `absent_since`.
    """

    key: str
    presence: str
    load: int
    last_assigned_at: datetime | None
    idle_since: datetime | None = None
    presence_since: datetime | None = None
    expires_at: datetime | None = None
    leave_starts_at: datetime | None = None
    leave_ends_at: datetime | None = None
    absent_since: datetime | None = None


class Gone(NamedTuple):
    """An agent who should not hold tickets of a team, and why.

    None is any team; with `since`, those given to them up to then.
    """

    agent: str
    team: str | None
    since: datetime | None
    why: str


class Load(NamedTuple):
    """What an agent is to take on: `units` of their `capacity`, as of `at`."""

    agent: str
    units: int
    capacity: int
    at: datetime


class TicketStore(Protocol):
    """Tickets as the use cases see them. Everything but `known` and `read` writes."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `lock` and `save`."""

    async def known(self, wanted: Wanted) -> Known:
        """What is known of a request, in one statement."""

    async def read(self, ticket: UUID) -> Ticket | None:
        """A ticket as it is now, or None."""

    async def lock(self, ticket: UUID) -> Ticket | None:
        """A ticket, held until the transaction ends (law 3), or None."""

    async def survivor(self, ticket: UUID) -> UUID | None:
        """The ticket in which this one goes on: itself unless it was merged; None when there is none."""

    async def lock_these(self, tickets: Collection[UUID]) -> dict[UUID, Ticket]:
        """Several tickets, held until the transaction ends, in the order of their ids (law 3)."""

    async def customer(self, customer: UUID) -> Customer:
        """A customer with every identity."""

    async def sharing(self, customers: Collection[UUID]) -> list[Customer]:
        """Those of several customers who are still there, the one seen last first; without identities."""

    async def correspondence(self, ticket: Ticket) -> Correspondence:
        """Whom an answer on it goes to, and the way by which they last wrote."""

    async def spoken(self, customer: UUID, channel: str, account: str) -> Spoken | None:
        """The last ticket of a customer at an account."""

    async def repeats(self, ticket: UUID, text: str, since: datetime) -> bool:
        """Whether a reply of ours on a ticket said this since an instant, whole or in one of its parts."""

    async def taken_by(self, channel: str, accounts: Sequence[str], external_id: str) -> UUID | None:
        """The ticket that the same request opened, or joined, at one of these accounts."""

    async def untold(self, message: UUID) -> UUID | None:
        """The ticket of a message whose history does not say that the provider failed it."""

    async def note(self, ticket: UUID, happened: Happened) -> None:
        """Add a line to the history of a locked ticket that is not changed by it."""

    async def undeliverable(self, addresses: Sequence[str], now: datetime) -> None:
        """Remember that mail to these addresses came back."""

    async def next_number(self) -> int:
        """A number for a ticket about to be opened, where it has to be known before; lost if it is not."""

    async def open(
        self,
        change: Change,
        customer: Customer | None,
        ledger: Ledger,
        revision: int,
        idempotent: Idempotent | None,
    ) -> int:
        """Write a new ticket and everything with it; its number.

        Raises `Superseded` when the desk is no longer at `revision`, or another request took the same place
        in the ledger, the same customer identity, or the same Idempotency-Key.
        """

    async def save(self, changes: Sequence[Change], ledger: Ledger | None = None) -> None:
        """Write changes of locked tickets, and in the ledger what brought the first.

        Raises `Superseded` as `open` does.
        """

    async def intern_terms(self, terms_id: bytes, body: bytes, now: datetime) -> None:
        """Keep terms under the hash of their content; those kept already cost nothing."""

    async def terms(self, terms_id: bytes) -> bytes:
        """The terms kept under a hash, as JSON."""

    async def take_capacity(self, loads: Sequence[Load], freeing: Sequence[str] = ()) -> frozenset[str]:
        """Raise the agents' loads where they are online and it fits; who took it.

        `freeing` are agents whose load the same transaction lowers: all rows are locked in one order, so that
        two who give each other's tickets away at once do not wait for each other.
        """

    async def claim_due(self, now: datetime, limit: int) -> list[Ticket]:
        """Tickets whose `tick_at` has come, earliest first, locked; those others hold are left to them."""

    async def failures(self, ticket: Ticket) -> int:
        """How often a ticket's turn has failed since anything else was done to it."""

    async def set_aside(self, ticket: Ticket, until: datetime, failures: int, reason: str) -> None:
        """Look at a locked ticket again at `until`: its turn failed, and others must not wait behind it."""

    async def claim_overdue(self, now: datetime, gone: Collection[str], limit: int) -> list[Ticket]:
        """Tickets offered too long or to somebody who has gone, or not reacted to in time; locked.

        `gone` are online, and yet not there; who is not online, or has left the team, is known here.
        """

    async def left_teams(self) -> list[tuple[str, str, datetime]]:
        """Agents who hold something and were taken out of a team: who, which, when."""

    async def claim_held(self, gone: Sequence[Gone], limit: int) -> list[Ticket]:
        """Open tickets of agents who have gone, locked; those others hold are left to them."""

    async def last_agents(self, customers: Collection[UUID]) -> dict[UUID, str]:
        """By customer, the agent who had a ticket of theirs last."""

    async def find_offer(self, offer: UUID) -> Offer | None:
        """An offer as it is now; it is held by its ticket's lock (law 3)."""

    async def claim_waiting(
        self, now: datetime, limit: int, after: tuple[datetime, UUID] | None, *, everyone: bool
    ) -> list[tuple[datetime, Ticket]]:
        """Tickets that wait for an agent and are offered to none, most urgent first, locked.

        With each, the instant it wants an agent by.

        Those behind `after`; only those whose `route_at` has come unless `everyone`.
        """

    async def waiting(self, limit: int, after: tuple[datetime, UUID] | None) -> list[tuple[datetime, Ticket]]:
        """As `claim_waiting` of everyone, but nothing is locked, and what others hold is there too."""

    async def agent_states(self, now: datetime) -> list[AgentState]:
        """The live part of every agent at an instant: whose presence has run out is offline."""

    async def next_instant(self) -> datetime | None:
        """When a ticket is next due, or routing may next say something new."""

    async def find_alert(self, alert: UUID) -> Alert | None:
        """An alert as it is now; it is held by its ticket's lock (law 3)."""

    async def tell_also(self, alert: UUID, recipients: Sequence[str]) -> None:
        """Note who else hears of an alert."""

    async def acknowledge_alerts(self, ticket: UUID, metric: str, by: str, now: datetime) -> None:
        """Acknowledge every open alert of a ticket's metric."""

    async def settle_alerts(self, ticket: UUID, settled: Settled, now: datetime) -> None:
        """The alerts of a run that are still open are so no more."""

    async def withdraw_alerts(
        self, ticket: UUID, metric: str, cycle: int, level: str, repeat: int, now: datetime
    ) -> None:
        """A level was never reached, or not so often: its alerts from `repeat` on are taken back."""

    async def resolve_alerts(
        self, ticket: UUID, now: datetime, metric: str | None = None, cycle: int | None = None
    ) -> None:
        """The ticket is at rest, or what alerts of a metric or its cycle were about is: they are over."""
