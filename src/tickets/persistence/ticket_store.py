"""Tickets in PostgreSQL: one statement to know, one to write."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg
from msgspec import Raw
from msgspec.structs import asdict

from tickets.application.ports import AgentState, Idempotent, Kept, Known, Ledger, Load, Superseded, Wanted
from tickets.domain.ticket import Change, Customer, Ticket
from tickets.persistence import ticket_sql as sql
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_values = attrgetter(*sql.COLUMNS)
_STATES = Rows(AgentState)


class PostgresTickets:
    """The `TicketStore` of the use cases."""

    def __init__(self, engine: Engine, new_id: Callable[[], UUID]) -> None:
        self.engine = engine
        self.new_id = new_id
        self._interned: set[bytes] = set()

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `lock` and `save`, or the one the caller is in."""
        return self.engine.transaction(allow_nested=True)

    async def known(self, wanted: Wanted) -> Known:
        """What is known of a request, in one statement."""
        kinds = [identity.kind for identity in wanted.identities]
        values = [identity.value for identity in wanted.identities]
        idempotent = wanted.idempotent
        row = await self.engine.fetch_row(
            sql.KNOWN,
            wanted.channel,
            wanted.account,
            wanted.external_id,
            kinds,
            values,
            list(wanted.references),
            idempotent and idempotent.api_key,
            idempotent and idempotent.key,
        )
        if row is None:
            raise RuntimeError("desk_head has no row: the schema is damaged")
        revision, twin, fingerprint, answer, customer_id, name, language, region, tier, refers_to = row
        return Known(
            revision=revision,
            duplicate_of=twin,
            kept=None if fingerprint is None else Kept(fingerprint, Raw(answer)),
            customer=None
            if customer_id is None
            else Customer(id=customer_id, name=name, language=language, region=region, tier=tier),
            refers_to=refers_to,
        )

    async def read(self, ticket: UUID) -> Ticket | None:
        """A ticket as it is now, or None."""
        return sql.TICKET.optional(await self.engine.fetch_row(sql.READ, ticket))

    async def lock(self, ticket: UUID) -> Ticket | None:
        """A ticket, held until the transaction ends (law 3), or None."""
        return sql.TICKET.optional(await self.engine.fetch_row(sql.LOCK, ticket))

    async def customer(self, customer: UUID) -> Customer:
        """A customer with every identity. Raises `KeyError`."""
        row = await self.engine.fetch_row(sql.CUSTOMER_BY_ID, customer)
        if row is None:
            raise KeyError(customer)
        return sql.CUSTOMER.one(row)

    async def open(
        self,
        change: Change,
        customer: Customer | None,
        ledger: Ledger,
        revision: int,
        idempotent: Idempotent | None,
    ) -> int:
        """Write a new ticket and everything with it; its number. Raises `Superseded`."""
        document = {
            **_document(change, ledger),
            "customer": {**asdict(customer), "created_at": change.now} if customer else {},
            "idempotent": _idempotent(idempotent, change.now) if idempotent else {},
        }
        async with self._around(change):
            return await self._write(sql.OPEN, document, revision, change)

    async def save(self, change: Change, ledger: Ledger | None = None) -> None:
        """Write a change of a locked ticket. Raises `Superseded`."""
        if change.before is None:
            raise ValueError("a new ticket is opened, not saved")
        await self._write(sql.SAVE, _document(change, ledger), change.before.epoch, change)
        await self._hang_on(change)

    async def intern_terms(self, terms_id: bytes, body: bytes, now: datetime) -> None:
        """Keep terms under the hash of their content; those kept already cost nothing."""
        if terms_id not in self._interned:
            await self.engine.execute(sql.INTERN, terms_id, body, now)
            self._interned.add(terms_id)

    async def terms(self, terms_id: bytes) -> bytes:
        """The terms kept under a hash, as JSON. Raises `KeyError`."""
        body: bytes | None = await self.engine.fetch_value(sql.TERMS, terms_id)
        if body is None:
            raise KeyError(terms_id)
        return body

    async def take_capacity(self, loads: Sequence[Load]) -> frozenset[str]:
        """Raise the agents' loads where they are online and it fits; who took it."""
        if not loads:
            return frozenset()
        columns = (list(column) for column in zip(*loads, strict=True))
        rows = await self.engine.fetch(sql.TAKE, *columns)
        return frozenset(row[0] for row in rows)

    async def claim_due(self, now: datetime, limit: int) -> list[Ticket]:
        """Tickets whose `tick_at` has come, earliest first, locked; those others hold are left to them."""
        return sql.TICKET.all(await self.engine.fetch(sql.CLAIM_DUE, now, limit))

    async def set_aside(self, ticket: UUID, until: datetime) -> None:
        """Look at a ticket again at `until`."""
        await self.engine.execute(sql.SET_ASIDE, ticket, until)

    async def claim_waiting(
        self, now: datetime, limit: int, after: tuple[datetime, UUID] | None, *, everyone: bool
    ) -> list[tuple[datetime, Ticket]]:
        """Tickets that wait for an agent, most urgent first, locked."""
        place = after or (None, None)
        rows = await self.engine.fetch(sql.CLAIM_WAITING, now, limit, everyone, *place)
        return [(wanted_by, sql.TICKET.one(ticket)) for wanted_by, *ticket in rows]

    async def agent_states(self) -> list[AgentState]:
        """The live part of every agent."""
        return _STATES.all(await self.engine.fetch(sql.AGENT_STATES))

    async def next_instant(self) -> datetime | None:
        """When a ticket is next due, or routing may next say something new."""
        instant: datetime | None = await self.engine.fetch_value(sql.NEXT_INSTANT)
        return instant

    async def find_alert(self, alert: UUID) -> tuple[UUID, str, str] | None:
        """Ticket, metric and state of an alert. The lock is the ticket's (law 3)."""
        row = await self.engine.fetch_row(sql.FIND_ALERT, alert)
        return None if row is None else (row[0], row[1], row[2])

    async def acknowledge_alerts(self, ticket: UUID, metric: str, by: str, now: datetime) -> None:
        """Acknowledge every open alert of a ticket's metric."""
        await self.engine.execute(sql.ACKNOWLEDGE, ticket, metric, by, now)

    async def resolve_alerts(self, ticket: UUID) -> None:
        """The ticket is at rest: its alerts are over."""
        await self.engine.execute(sql.RESOLVE, ticket)

    @asynccontextmanager
    async def _around(self, change: Change) -> AsyncIterator[None]:
        """A transaction only where one statement is not enough: files and loads have their own."""
        if any(message.attachments for message in change.messages) or change.capacity:
            async with self.engine.transaction():
                yield
                await self._hang_on(change)
        else:
            yield

    async def _write(self, statement: str, document: dict[str, object], expected: int, change: Change) -> int:
        with _superseded():
            row = await self.engine.fetch_row(statement, document, expected, *_values(change.after))
        if row is None:
            raise Superseded
        number: int = row[0]
        return number

    async def _hang_on(self, change: Change) -> None:
        files = [
            (self.new_id(), message.id, file.name, file.media_type, file.content_id, file.content)
            for message in change.messages
            for file in message.attachments
        ]
        if files:
            await self.engine.execute_many(sql.FILES, files)
        if freed := sorted((agent, units) for agent, units in change.capacity.items() if units):
            await self.engine.execute_many(sql.RELEASE, freed)


@contextmanager
def _superseded() -> Iterator[None]:
    try:
        yield
    except (asyncpg.UniqueViolationError, asyncpg.DeadlockDetectedError) as twin:
        raise Superseded from twin


def _document(change: Change, ledger: Ledger | None) -> dict[str, object]:
    """What hangs on the ticket, as the statements unpack it."""
    return {
        "messages": [_plain(message, "attachments") for message in change.messages],
        "happened": [{**asdict(line), "position": place} for place, line in enumerate(change.happened)],
        "alerts": [_plain(alert) for alert in change.alerts],
        "outgoing": [_plain(outgoing) for outgoing in change.outgoing],
        "ledger": ledger or {},
        "correlation_id": change.correlation_id,
    }


def _plain(struct: object, *without: str) -> dict[str, object]:
    return {name: value for name, value in asdict(struct).items() if name not in without}  # type: ignore[arg-type]


def _idempotent(idempotent: Idempotent, now: datetime) -> dict[str, object]:
    return {**asdict(idempotent), "answer": Raw(idempotent.answer), "created_at": now}
