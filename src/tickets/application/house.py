"""What every use case works with: the stores, the desk, and how new things are named."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from tickets.application import facts
from tickets.application.answers.answer import Answering, Answers
from tickets.application.answers.receipt import Receipts
from tickets.application.changes.draw import Scene
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.directory import DeskDirectory
from tickets.application.escalate import Notices, escalate
from tickets.application.notices.page import Page
from tickets.application.notices.tell_events import EventNotices, tell_events
from tickets.application.ports import Ledger, TicketStore
from tickets.application.runs.follow import ESCALATION, UNTOLD, Following
from tickets.domain.errors import NotFound, Stale
from tickets.domain.escalation import Escalation, Manner
from tickets.domain.ticket import Alert, Change, Ticket

ATTEMPTS = 20
"""How often a request is decided before its sender is told to come again. Each loss means another one won.

All who are on their way in lose to an edit of the desk, and a desk may be edited object by object.
"""


class Desks(Protocol):
    """Where the compiled desk comes from."""

    async def current(self) -> CompiledDesk:
        """The desk as it is now; costs one small read."""

    async def at_least(self, revision: int) -> CompiledDesk:
        """The desk, no older than a revision that the caller has just read; usually costs nothing."""


class Written(Notices, EventNotices, Protocol):
    """How what leaves reads: alerts and events."""

    def page(self, alert: Alert, ticket: Ticket, manner: Manner, link: str | None = None) -> Page:
        """A headline, what there is to know, and the ticket's address; with `link`, how to acknowledge."""


class Observer(Protocol):
    """Whoever counts what happens, and rings whoever has to look."""

    def changed(self, change: Change) -> None:
        """A change was committed."""


class House:
    """Stores, desk and names, for one process. Terms never change, so those read once are kept.

    `answers` carry replies to customers, `receipts` tell them that their request has come.
    """

    def __init__(
        self,
        tickets: TicketStore,
        desks: Desks,
        notices: Written,
        observer: Observer,
        new_id: Callable[[], UUID],
        answers: Answers,
        receipts: Receipts,
    ) -> None:
        self.answers = answers
        self.receipts = receipts
        self.observer = observer
        self.tickets = tickets
        self.desks = desks
        self.notices = notices
        self.new_id = new_id
        self.looked_through: int | None = None
        """The revision of the desk on which this process last asked routing about everything that waits."""
        self._pinned: dict[bytes, facts.Pinned] = {}

    async def held(self, ticket_id: UUID, expected: int | None = None) -> Ticket:
        """A ticket, locked until the transaction ends, as its caller knows it.

        Raises:
            NotFound: no such ticket.
            Stale: it is not at the `expected` epoch any more.
        """
        ticket = await self.tickets.lock(ticket_id)
        if ticket is None:
            raise NotFound(f"there is no ticket {ticket_id}")
        if expected is not None and ticket.epoch != expected:
            raise Stale(ticket.epoch)
        return ticket

    async def pinned(self, ticket: Ticket) -> facts.Pinned:
        """The terms a ticket runs on."""
        return await self.terms(ticket.terms_id)

    async def terms(self, terms_id: bytes) -> facts.Pinned:
        """Terms by their id. Raises `KeyError`."""
        known = self._pinned.get(terms_id)
        if known is None:
            known = facts.read_terms(terms_id, await self.tickets.terms(terms_id))
            self._pinned[known.id] = known
        return known

    async def scene(self, ticket: Ticket, desk: CompiledDesk, actor: str, now: datetime) -> Scene:
        """What a command on a locked ticket is decided upon."""
        return Scene(
            ticket=ticket,
            pinned=await self.pinned(ticket),
            actor=actor,
            now=now,
            chosen=lambda moved: facts.pin_terms(moved, desk),
            new_id=self.new_id,
            routed_by=lambda moved: desk.routed_by(facts.facts_of(moved, desk)),
            within=desk.within(ticket.team),
        )

    async def answering(self, ticket: Ticket, desk: CompiledDesk) -> Answering:
        """How replies on a ticket reach its customer."""
        correspondence = await self.tickets.correspondence(ticket)
        return lambda moved, reply: self.answers.answer(moved, reply, correspondence, desk.desk)

    def with_alerts(self, change: Change, escalations: tuple[Escalation, ...], desk: CompiledDesk) -> Change:
        """The change, what it means for runs, and whoever has to hear of what became due in it."""
        if not escalations and change.after.runs is None and not desk.escalation_rules:
            return change
        following = self.following(change, desk)
        following.follow(escalations, UNTOLD)
        return self.followed(following)

    def following(self, change: Change, desk: CompiledDesk, actor: str = ESCALATION) -> Following:
        """A change for its runs to follow."""
        pinned = self._pinned.get(change.after.terms_id) or facts.pin_terms(change.after, desk)
        return Following(change, desk, pinned, self.new_id, actor)

    def followed(self, following: Following) -> Change:
        """The change that its runs have followed, and whoever has to hear of what is due in it."""
        change = following.finish()
        raised = escalate(
            following.due, change.after, DeskDirectory(following.desk), self.notices, change.now, self.new_id
        )
        if raised.told:
            following.tell(raised.told)
            change = following.finish()
        return replace(
            change,
            alerts=change.alerts + raised.alerts,
            outgoing=change.outgoing + raised.outgoing,
            happened=change.happened + raised.happened,
        )

    def with_events(self, change: Change, desk: CompiledDesk) -> Change:
        """The change, and what leaves for the webhooks that hear of what happened in it."""
        return tell_events(change, desk.listeners, self.notices, self.new_id)

    async def save(self, *changes: Change, desk: CompiledDesk, ledger: Ledger | None = None) -> None:
        """Write changes of locked tickets, with the terms they may have moved to.

        What routing was stuck on before is over; what it is stuck on now is an alert of the change itself. So
        are alerts of a promise that ends in it.
        """
        if not changes:
            return
        for change in changes:
            if change.before is not None and change.after.terms_id != change.before.terms_id:
                pinned = facts.pin_terms(change.after, desk)
                await self.tickets.intern_terms(pinned.id, pinned.body, change.now)
            if change.before is not None and change.before.stuck not in {None, change.after.stuck}:
                await self.tickets.resolve_alerts(change.after.id, change.now, facts.ROUTING)
        told = [self.with_events(change, desk) for change in changes]
        await self.tickets.save(told, ledger)
        for change in changes:
            for settled in change.settled:
                await self.tickets.settle_alerts(change.after.id, settled, change.now)
            if change.before is not None and change.before.working and not change.after.working:
                await self.tickets.resolve_alerts(change.after.id, change.now)
                continue
            for metric, cycle in facts.alerted_and_over(change):
                await self.tickets.resolve_alerts(change.after.id, change.now, metric, cycle)
