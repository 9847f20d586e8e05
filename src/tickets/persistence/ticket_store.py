"""Tickets in PostgreSQL: one statement to know, one to write, shared by those who come together."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Raw

from tickets.application.answers.answer import Correspondence
from tickets.application.ports import (
    Idempotent,
    Kept,
    Known,
    Ledger,
    Spoken,
    Superseded,
    Wanted,
)
from tickets.domain.ticket import Change, Customer, Happened, Origin, Ticket
from tickets.persistence import ticket_sql as sql
from tickets.persistence.alert_store import PostgresAlerts
from tickets.persistence.attachments import WRITE
from tickets.persistence.engine import Engine
from tickets.persistence.gathering import Gathering
from tickets.persistence.placement_sql import RELEASE
from tickets.persistence.placement_store import PostgresPlacements
from tickets.persistence.ticket_document import asked_about, document, kept_answer, newcomer, only_timed

_origin = msgspec.json.Decoder(Origin).decode
_LANES = 4
_AT_ONCE = 64


class Opening(NamedTuple):
    """A new ticket on its way in, decided on the desk as of `revision`."""

    change: Change
    customer: Customer | None
    ledger: Ledger
    revision: int
    idempotent: Idempotent | None


class PostgresTickets(PostgresAlerts, PostgresPlacements):
    """The `TicketStore` of the use cases. Requests that come at the same time share their statements."""

    def __init__(
        self,
        engine: Engine,
        new_id: Callable[[], UUID],
        withdrew: Callable[[int], object] = lambda _pages: None,
    ) -> None:
        super().__init__(engine, withdrew)
        self.new_id = new_id
        self._interned: set[bytes] = set()
        self._knowing = Gathering(self._know, lanes=_LANES, most=_AT_ONCE)
        self._opening = Gathering(self._open, lanes=_LANES, most=_AT_ONCE)

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `lock` and `save`, or the one the caller is in."""
        return self.engine.transaction(allow_nested=True)

    async def known(self, wanted: Wanted) -> Known:
        """What is known of a request, in one statement."""
        return await self._knowing.ask(wanted)

    async def _know(self, wanted: Sequence[Wanted]) -> list[Known]:
        rows = await self.engine.fetch(sql.KNOWN, [asked_about(each) for each in wanted])
        if len(rows) != len(wanted):
            raise RuntimeError("desk_head has no row: the schema is damaged")
        return [_known(*row) for row in rows]

    async def read(self, ticket: UUID) -> Ticket | None:
        """A ticket as it is now, or None."""
        return sql.TICKET.optional(await self.engine.fetch_row(sql.READ, ticket))

    async def lock(self, ticket: UUID) -> Ticket | None:
        """A ticket, held until the transaction ends (law 3), or None."""
        return sql.TICKET.optional(await self.engine.fetch_row(sql.LOCK, ticket))

    async def survivor(self, ticket: UUID) -> UUID | None:
        """The ticket in which this one goes on: itself unless it was merged; None when there is none."""
        found: UUID | None = await self.engine.fetch_value(sql.SURVIVOR, ticket)
        return found

    async def lock_these(self, tickets: Collection[UUID]) -> dict[UUID, Ticket]:
        """Several tickets, held until the transaction ends, in the order of their ids."""
        rows = await self.engine.fetch(sql.LOCK_THESE, list(tickets))
        return {ticket.id: ticket for ticket in sql.TICKET.all(rows)}

    async def customer(self, customer: UUID) -> Customer:
        """A customer with every identity. Raises `KeyError`."""
        row = await self.engine.fetch_row(sql.CUSTOMER_BY_ID, customer)
        if row is None:
            raise KeyError(customer)
        return sql.CUSTOMER.one(row)

    async def sharing(self, customers: Collection[UUID]) -> list[Customer]:
        """Those of several customers who are still there, the one seen last first; without identities."""
        return sql.CUSTOMER.all(await self.engine.fetch(sql.SHARING, list(customers)))

    async def correspondence(self, ticket: Ticket) -> Correspondence:
        """Whom an answer on it goes to, and the way by which they last wrote."""
        customer = await self.customer(ticket.customer_id)
        origin = await self.engine.fetch_value(sql.LAST_ORIGIN, ticket.id)
        return Correspondence(customer, None if origin is None else _origin(origin))

    async def spoken(self, customer: UUID, channel: str, account: str) -> Spoken | None:
        """The last ticket of a customer at an account."""
        row = await self.engine.fetch_row(sql.SPOKEN, customer, channel, account)
        return None if row is None else Spoken(*row)

    async def repeats(self, ticket: UUID, text: str, since: datetime) -> bool:
        """Whether a reply of ours on a ticket said this since an instant, whole or in one of its parts."""
        return bool(await self.engine.fetch_value(sql.REPEATS, ticket, since, text))

    async def taken_by(self, channel: str, accounts: Sequence[str], external_id: str) -> UUID | None:
        """The ticket that the same request opened, or joined, at one of these accounts."""
        found: UUID | None = await self.engine.fetch_value(sql.TAKEN_BY, channel, list(accounts), external_id)
        return found

    async def untold(self, message: UUID) -> UUID | None:
        """The ticket of a message whose history does not say that the provider failed it."""
        found: UUID | None = await self.engine.fetch_value(sql.UNTOLD, message)
        return found

    async def note(self, ticket: UUID, happened: Happened) -> None:
        """Add a line to the history of a locked ticket that is not changed by it."""
        told = (happened.type, happened.actor, happened.occurred_at, happened.detected_at, happened.data)
        await self.engine.execute(sql.NOTE, ticket, *told)

    async def undeliverable(self, addresses: Sequence[str], now: datetime) -> None:
        """Remember that mail to these addresses came back."""
        if addresses:
            await self.engine.execute(sql.UNDELIVERABLE, list(addresses), now)

    async def next_number(self) -> int:
        """A number for a ticket about to be opened."""
        number: int = await self.engine.fetch_value(sql.NUMBER)
        return number

    async def open(
        self,
        change: Change,
        customer: Customer | None,
        ledger: Ledger,
        revision: int,
        idempotent: Idempotent | None,
    ) -> int:
        """Write a new ticket and everything with it; its number. Raises `Superseded`."""
        opening = Opening(change, customer, ledger, revision, idempotent)
        with superseded():
            if any(message.attachments for message in change.messages):
                async with self.engine.transaction():
                    number = (await self._open([opening]))[0]
                    if number is not None:  # else there is no message to hang them on
                        await self._hang_on(change)
            else:
                number = await self._opening.ask(opening)
        if number is None:
            raise Superseded
        return number

    async def _open(self, openings: Sequence[Opening]) -> list[int | None]:
        """Write new tickets; their numbers, None for those decided on a desk that is no longer."""
        revision = max(opening.revision for opening in openings)
        entering = [opening for opening in openings if opening.revision == revision]
        content = document([each.change for each in entering], [each.ledger for each in entering])
        content["customers"] = [newcomer(each.change, each.customer) for each in entering if each.customer]
        content["idempotent"] = [
            kept_answer(each.change, each.idempotent) for each in entering if each.idempotent
        ]
        met = [each.change.after.customer_id for each in entering if each.customer is None]
        numbers: dict[UUID, int] = {
            row[0]: row[1] for row in await self.engine.fetch(sql.OPEN, content, revision, met)
        }
        return [numbers.get(opening.change.after.id) for opening in openings]

    async def save(self, changes: Sequence[Change], ledger: Ledger | None = None) -> None:
        """Write changes of locked tickets, and in the ledger what brought the first. Raises `Superseded`."""
        timed = all(map(only_timed, changes))
        with superseded():
            saved = await self.engine.fetch(
                sql.SAVE_TIMED if timed else sql.SAVE, document(changes, [ledger], timed=timed)
            )
        if len(saved) != len(changes):
            raise Superseded
        await self._hang_on(*changes)

    async def intern_terms(self, terms_id: bytes, body: bytes, now: datetime) -> None:
        """Keep terms under the hash of their content; those kept already cost nothing."""
        if terms_id not in self._interned:
            await self.engine.execute(sql.INTERN, terms_id, body, now)
            if self.engine.current_transaction.get() is None:  # what is not committed yet, others cannot see
                self._interned.add(terms_id)

    async def terms(self, terms_id: bytes) -> bytes:
        """The terms kept under a hash, as JSON. Raises `KeyError`."""
        body: bytes | None = await self.engine.fetch_value(sql.TERMS, terms_id)
        if body is None:
            raise KeyError(terms_id)
        return body

    async def claim_due(self, now: datetime, limit: int) -> list[Ticket]:
        """Tickets whose `tick_at` has come, earliest first, locked; those others hold are left to them."""
        return sql.TICKET.all(await self.engine.fetch(sql.CLAIM_DUE, now, limit))

    async def failures(self, ticket: Ticket) -> int:
        """How often a ticket's turn has failed since anything else was done to it."""
        return int(await self.engine.fetch_value(sql.FAILURES, ticket.id, ticket.epoch) or 0)

    async def set_aside(self, ticket: Ticket, until: datetime, failures: int, reason: str) -> None:
        """Look at a locked ticket again at `until`."""
        await self.engine.execute(sql.SET_ASIDE, ticket.id, until, failures, reason)

    async def next_instant(self) -> datetime | None:
        """When a ticket is next due, or routing may next say something new."""
        instant: datetime | None = await self.engine.fetch_value(sql.NEXT_INSTANT)
        return instant

    async def _hang_on(self, *changes: Change) -> None:
        """Write files, and take loads off agents; in the caller's transaction."""
        files = [
            (
                self.new_id(),
                message.id,
                file.name,
                file.media_type,
                file.content_id,
                file.content if file.object is None else None,
                file.object,
                len(file.content),
            )
            for change in changes
            for message in change.messages
            for file in message.attachments
        ]
        if files:
            await self.engine.execute_many(WRITE, files)
        freed: Counter[str] = Counter()
        for change in changes:
            freed.update(change.capacity)
        if moved := sorted((agent, units, changes[0].now) for agent, units in freed.items() if units):
            await self.engine.execute_many(RELEASE, moved)


@contextmanager
def superseded() -> Iterator[None]:
    """Whoever wrote first wins; we are to come again."""
    try:
        yield
    except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError) as twin:
        raise Superseded from twin


def _known(  # noqa: PLR0913, PLR0917 - the columns of `KNOWN`
    revision: int,
    twin: UUID | None,
    fingerprint: bytes | None,
    answer: bytes,
    customer: UUID | None,
    name: str,
    language: str | None,
    region: str | None,
    tier: str | None,
    segment: str | None,
    others: list[UUID] | None,
    refers_to: UUID | None,
    numbered: UUID | None,
    elsewhere: UUID | None,
) -> Known:
    return Known(
        revision=revision,
        duplicate_of=twin,
        kept=None if fingerprint is None else Kept(fingerprint, Raw(answer)),
        customer=None
        if customer is None
        else Customer(id=customer, name=name, language=language, region=region, tier=tier, segment=segment),
        others=tuple(others or ()),
        refers_to=refers_to,
        numbered=numbered,
        elsewhere=elsewhere,
    )
