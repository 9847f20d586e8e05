"""A call goes on: what is told of it is kept, the call rebuilt, and its ticket hears what is new.

Everything here may be done again from the start: facts told twice are one, and the ledger knows what a ticket
has heard. So an envelope whose process died in the middle is simply taken in again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from tickets.application.arrivals.arrive import Arrived, arrive
from tickets.application.house import ATTEMPTS, House
from tickets.application.ports import Superseded
from tickets.domain.draft import Draft
from tickets.domain.telephony import CallFact, TelephoneCall
from tickets.intake import About, CallReport, Line, customer_number, draft_of_call, milestones

BATCH = 100
IN_VAIN = frozenset({"missed", "abandoned"})
"""How a call comes out that nobody of ours took."""


class Heard(Struct, frozen=True):
    """A call after something was told of it. `told` are the milestones its ticket has heard.

    `erased`: its ticket's customer was forgotten on request.
    """

    call: TelephoneCall
    ticket: UUID | None
    told: frozenset[str]
    was: str | None
    erased: bool = False


class Pop(Struct, frozen=True, kw_only=True):
    """The card of a customer for the agent who has just answered."""

    agent: str
    name: str
    type: str
    data: dict[str, object]
    created_at: datetime


class Calls(Protocol):
    """Where calls are kept."""

    async def hear(self, line: Line, report: CallReport) -> Heard:
        """Keep facts, and the call as it stands with them; committed."""

    async def belongs_to(self, account: str, call_id: str, ticket: UUID) -> None:
        """A call is about this ticket."""

    async def awaiting(self, number: str, account: str | None) -> list[UUID]:
        """Open tickets whose caller at this number was missed and not reached since, oldest first."""

    async def last(self, number: str, account: str) -> UUID | None:
        """The newest ticket of a call in vain from this number."""

    async def silent(self, now: datetime, limit: int) -> list[tuple[str, str, datetime]]:
        """Calls of which nothing has been heard for too long: account, call id, and since when."""

    async def pop(self, pop: Pop) -> None:
        """Put a card on an agent's stream, once."""


class Counts(Protocol):
    """Who counts calls."""

    def __call__(self, direction: str, outcome: str) -> None:
        """A call came to an outcome."""


class CallTaker:
    """Takes calls in, for one process. `rung` is called when an agent's stream has something new."""

    def __init__(self, house: House, calls: Calls, over: Counts, rung: Callable[[], object]) -> None:
        self.house = house
        self.calls = calls
        self.over = over
        self.rung = rung
        self._turns = Turns()

    async def take(
        self, reports: Sequence[CallReport], line: Line, now: datetime, correlation_id: str | None = None
    ) -> Arrived:
        """Take in what an envelope tells of calls; the ticket of the last, `is_new` if one was opened."""
        arrived, new = Arrived(), False
        for report in reports:
            arrived = await self._one(report, line, now, correlation_id)
            new = new or arrived.is_new
        return replace(arrived, is_new=new)

    async def close_silent(self, now: datetime) -> int:
        """End the calls whose hang-up never came, `BATCH` at most; how many."""
        desk = await self.house.desks.current()
        silent = await self.calls.silent(now, BATCH)
        for account, call_id, since in silent:
            line = desk.hotline(account) or Line(key=account, number="")
            fact = CallFact(told="timed_out", at=since)
            await self._one(CallReport(call_id=call_id, facts=(fact,)), line, now, None)
        return len(silent)

    async def _one(
        self, report: CallReport, line: Line, now: datetime, correlation_id: str | None
    ) -> Arrived:
        heard = await self.calls.hear(line, report)
        if heard.ticket is not None and heard.erased:  # its times are kept, and nobody hears of it
            return await _seen(self.house, heard.ticket)
        if heard.call.outcome not in {heard.was, "open"}:
            self.over(heard.call.direction, heard.call.outcome)
        number = customer_number(heard.call, line)
        telling = _Telling(self.house, self.calls, heard, number, line, report.about, now, correlation_id)
        async with self._turns.of(number):  # two calls of one number at once are to find each other
            arrived = await telling.insist()
        await self._pop(heard.call, arrived, line, now)
        return arrived

    async def _pop(self, call: TelephoneCall, arrived: Arrived, line: Line, now: datetime) -> None:
        """Show the customer to the agent who answered."""
        if call.answered_at is None or call.agent is None:
            return
        ticket = arrived.ticket
        customer = None if ticket is None else await self.house.tickets.customer(ticket.customer_id)
        others = ticket.customer_candidates if ticket else ()
        candidates = await self.house.tickets.sharing(others) if others else []
        await self.calls.pop(
            Pop(
                agent=call.agent,
                name=f"{line.key}:{call.call_id}:answered",
                type="call.answered",
                data={
                    "line": line.key,
                    "call_id": call.call_id,
                    "direction": call.direction,
                    "number": customer_number(call, line) or call.caller,
                    "answered_at": call.answered_at,
                    "ticket": None if ticket is None else ticket.id,
                    "ticket_number": None if ticket is None else ticket.number,
                    "subject": None if ticket is None else ticket.subject,
                    "customer": customer,
                    "customer_candidates": candidates,
                },
                created_at=now,
            )
        )
        self.rung()


class _Telling(Struct, frozen=True):
    """What was told of one call, on its way to the tickets it is about."""

    house: House
    calls: Calls
    heard: Heard
    number: str | None
    line: Line
    about: About
    now: datetime
    correlation_id: str | None

    async def insist(self) -> Arrived:
        """Tell its ticket; again from the start when another process was first, perhaps with the same caller.

        Of two calls in vain that come at once only one may open the ticket that comes next to `last`. Should
        nobody give way (that process died, or its call was answered after all), two are the smaller harm.
        """
        for _ in range(ATTEMPTS):
            if self.number is None or self.heard.call.outcome not in IN_VAIN:
                break
            # Asked first: a ticket opened after it is either owed a call back or in our way.
            last = await self.calls.last(self.number, self.line.key)
            with suppress(Superseded):
                return await self.tell(last)
        return await self.tell(UNSET)

    async def tell(self, last: UUID | UnsetType | None) -> Arrived:
        """Tell the ticket of a call what it has not heard, opening one where that is due."""
        heard, call = self.heard, self.heard.call
        targets = [heard.ticket] if heard.ticket else []
        if call.direction == "out" or not targets:
            targets = list(dict.fromkeys([*targets, *await self.owed()]))
        arrived = Arrived()
        nobody: list[UUID | None] = [None] if call.direction == "in" else []
        for each in targets or nobody:
            arrived = await self.arrive_all(each, last)
        ticket = arrived.ticket.id if arrived.ticket else next(iter(targets), None)
        if ticket is not None and heard.ticket is None:
            await self.calls.belongs_to(self.line.key, call.call_id, ticket)
        if ticket is not None and arrived.ticket is None:
            arrived = await _seen(self.house, ticket)
        return arrived

    async def owed(self) -> list[UUID]:
        """The tickets that wait for a call back to this number."""
        if self.number is None:
            return []
        if self.heard.call.direction == "in":
            return (await self.calls.awaiting(self.number, self.line.key))[:1]
        return await self.calls.awaiting(self.number, None)

    async def arrive_all(self, target: UUID | None, last: UUID | UnsetType | None) -> Arrived:
        """Take in each milestone that its ticket has not heard of."""
        arrived, new = Arrived(), False
        call = self.heard.call
        customer = call.caller if call.direction == "in" else call.callee
        for milestone in milestones(call):
            draft = draft_of_call(milestone, customer, self.line, self.about)
            if draft.external_id not in self.heard.told:
                draft = replace(draft, ticket=target, external_id=_once(draft, call, target))
                after = last if target is None else UNSET
                arrived = await arrive(
                    self.house, draft, self.now, correlation_id=self.correlation_id, after=after
                )
                target = arrived.ticket.id if arrived.ticket else target
                new = new or arrived.is_new
        return replace(arrived, is_new=new)


async def _seen(house: House, ticket: UUID) -> Arrived:
    return Arrived(ticket=await house.tickets.read(ticket))


def _once(draft: Draft, call: TelephoneCall, target: UUID | None) -> str | None:
    """How a milestone is known again: one call of ours may pay several calls back."""
    return f"{draft.external_id}:{target}" if call.direction == "out" else draft.external_id


class Turns:
    """One at a time for each key, in this process; who has no key waits for nobody."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: str | None) -> AsyncIterator[None]:
        """Hold the turn of a key."""
        if key is None:
            yield
            return
        lock, waiting = self._held.get(key, (asyncio.Lock(), 0))
        self._held[key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            _, waiting = self._held[key]
            if waiting == 1:
                del self._held[key]
            else:
                self._held[key] = (lock, waiting - 1)
