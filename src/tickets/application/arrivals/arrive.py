"""A request arrives: the same one again, a message on a ticket it belongs to, or a new ticket."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.answers.answer import Elsewhere
from tickets.application.arrivals.belonging import Voice, voice_of
from tickets.application.arrivals.opening import opening, saying, ticket_of
from tickets.application.changes.came_back import CameBack
from tickets.application.changes.change import Called, Command, decide
from tickets.application.changes.whose import customer_of
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import ATTEMPTS, House
from tickets.application.ports import Idempotent, Known, Ledger, Load, Spoken, Superseded, Wanted
from tickets.application.runs.rules import holding
from tickets.domain.draft import Draft
from tickets.domain.ticket import Customer, Ticket

ECHOED_WITHIN = timedelta(days=2)
"""How long after a reply its echo may come: attempts go on for a day."""


class Arrived(Struct, frozen=True, kw_only=True):
    """What became of a request: its ticket and customer, or the answer `kept` under its Idempotency-Key."""

    ticket: Ticket | None = None
    customer: Customer | None = None
    is_new: bool = False
    kept: Raw | None = None


Answering = Callable[[Ticket, Customer], bytes]
"""How a new ticket is shown to the one who asked for it, as JSON; kept under the Idempotency-Key."""


class KeyReused(Exception):  # noqa: N818 - a condition, not a bug
    """An Idempotency-Key came with another request than the one it was first used for."""


async def arrive(
    house: House,
    draft: Draft,
    now: datetime,
    *,
    envelope: UUID | None = None,
    idempotent: Idempotent | None = None,
    answering: Answering | None = None,
    correlation_id: str | None = None,
    after: UUID | UnsetType | None = UNSET,
) -> Arrived:
    """Take a request in, exactly once.

    Where `after` is given, only one new ticket of the customer may come next to that one (None: be their
    first): of two that come at once the second raises `Superseded` at once, to be thought over.

    Raises:
        KeyReused: its Idempotency-Key belongs to another request.
        Superseded: others kept writing first, `ATTEMPTS` times over.
    """
    ledger = Ledger(draft.channel, draft.account, draft.external_id, draft.conversation, envelope)
    request = _Request(house, draft, ledger, now, idempotent, answering, correlation_id, after)
    for _ in range(ATTEMPTS - 1 if after is UNSET else 0):
        with suppress(Superseded):
            return await request.take()
    return await request.take()


class _Request(Struct, frozen=True):
    house: House
    draft: Draft
    ledger: Ledger
    now: datetime
    idempotent: Idempotent | None
    answering: Answering | None
    correlation_id: str | None
    after: UUID | UnsetType | None

    async def take(self) -> Arrived:
        """Decide on what is known now."""
        known = await self.house.tickets.known(_wanted(self.draft, self.idempotent))
        if known.kept is not None and self.idempotent is not None:
            if known.kept.fingerprint != self.idempotent.fingerprint:
                raise KeyReused
            return Arrived(kept=known.kept.answer)
        if known.duplicate_of is not None:
            return await self.again(await self.house.tickets.read(known.duplicate_of))
        desk = await self.house.desks.at_least(known.revision)
        spoken = await self.spoken(known)
        target = spoken.ticket if spoken else self.draft.ticket or known.refers_to
        for candidate in dict.fromkeys(filter(None, (target, known.numbered))):
            if (joined := await self.join(candidate, known, desk, spoken)) is not None:
                return await self.again(joined)
        if self.draft.echo:
            return Arrived()  # nobody asked, so nothing was answered
        related = target or known.elsewhere  # a number proves nothing: it links nothing
        return await self.open(known, desk, related_to=related)

    async def spoken(self, known: Known) -> Spoken | None:
        """The ticket a direct message may belong to."""
        if self.draft.quiet is None or known.customer is None:
            return None
        return await self.house.tickets.spoken(known.customer.id, self.draft.channel, self.draft.account)

    async def elsewhere(self, desk: CompiledDesk) -> UUID | None:
        """The ticket that has this mail already, from another mailbox it was sent to as well."""
        others = [key for key in desk.desk.mailboxes if key != self.draft.account]
        if not others or self.draft.source != "email" or self.draft.external_id is None:
            return None
        return await self.house.tickets.taken_by(self.draft.channel, others, self.draft.external_id)

    async def is_our_own(self, ticket: Ticket) -> bool:
        """Whether an echo is what an agent said here; not every provider marks what applications send."""
        return await self.house.tickets.repeats(ticket.id, self.draft.text, self.now - ECHOED_WITHIN)

    async def again(self, ticket: Ticket | None) -> Arrived:
        """A ticket that was there before."""
        customer = None if ticket is None else await self.house.tickets.customer(ticket.customer_id)
        return Arrived(ticket=ticket, customer=customer)

    async def join(
        self, target: UUID, known: Known, desk: CompiledDesk, spoken: Spoken | None
    ) -> Ticket | None:
        """Add it to the ticket it belongs to; None when it does not belong there."""
        async with self.house.tickets.transaction():
            ticket = await self.living(target)
            voice = None if ticket is None else voice_of(self.meant(ticket, target), known, ticket, desk)
            if ticket is None or voice is None:
                return None
            if spoken is not None and not continues(self.draft, ticket, spoken, self.now):
                return None
            if self.draft.echo and await self.is_our_own(ticket):
                return ticket
            if await self.elsewhere(desk) == ticket.id:
                return ticket
            scene = await self.house.scene(ticket, desk, voice.actor, self.now)
            if self.draft.echo:
                said = Elsewhere(self.draft.source, self.draft.account)
                scene = replace(scene, answer=lambda _ticket, _reply: said)
            elif voice.kind == "public_reply":
                scene = replace(scene, answer=await self.house.answering(ticket, desk))
            change, escalations = decide(await self.command(ticket, voice, desk), scene)
            change = self.house.with_alerts(
                replace(change, correlation_id=self.correlation_id), escalations, desk
            )
            await self.house.save(change, desk=desk, ledger=self.ledger)
            await self.remember(ticket)
        self.house.observer.changed(change)
        return change.after

    async def living(self, target: UUID) -> Ticket | None:
        """The ticket, held; of one that was merged the one in which it goes on. Raises `Superseded`."""
        survivor = await self.house.tickets.survivor(target)
        ticket = None if survivor is None else await self.house.tickets.lock(survivor)
        if ticket is not None and ticket.merged_into is not None:  # just now; a second lock may be a knot
            raise Superseded
        return ticket

    def meant(self, ticket: Ticket, target: UUID) -> Draft:
        """The request; what bears the key of a merged ticket is meant for the one in which it goes on."""
        if ticket.id == target or self.draft.ticket != target:
            return self.draft
        return replace(self.draft, ticket=ticket.id)

    async def remember(self, ticket: Ticket) -> None:
        """Mail to the customer cannot be delivered: remember the addresses, where it was to them."""
        returned = self.draft.returned
        if returned is None or not returned.final:
            return
        customer = await self.house.tickets.customer(ticket.customer_id)
        addresses = {each.value for each in customer.identities if each.kind == "email"}
        if returned.recipients:
            addresses &= set(returned.recipients)
        await self.house.tickets.undeliverable(sorted(addresses), self.now)

    async def command(self, ticket: Ticket, voice: Voice, desk: CompiledDesk) -> Command:
        """What it does to a ticket it belongs to."""
        draft = self.draft
        if draft.call is not None:
            taken = ticket.assignee is None and ticket.working and await self.takes_call(ticket, desk)
            return Called(draft.call, taken)
        if draft.returned is not None:
            return CameBack(draft.returned, draft.text, draft.signature, draft.quoted, draft.attachments)
        return saying(draft, voice.kind)

    async def takes_call(self, ticket: Ticket, desk: CompiledDesk) -> bool:
        """Whether the agent who answered keeps the ticket."""
        call = self.draft.call
        if call is None or call.event != "answered" or call.agent is None:
            return False
        agent = desk.desk.agents.get(call.agent)
        if agent is None:
            return False
        if agent.key == ticket.offered_to:  # the offer has taken it already
            return True
        load = Load(agent.key, ticket.units, agent.capacity, self.now)
        freeing = [ticket.offered_to] if ticket.offered_to else []
        return bool(await self.house.tickets.take_capacity([load], freeing))

    async def whom(self, known: Known) -> list[Customer]:
        """Whose request it may be, the one seen last first where several share an identity."""
        if known.customer is None or not known.others:
            return [known.customer] if known.customer else []
        return await self.house.tickets.sharing((known.customer.id, *known.others)) or [known.customer]

    async def open(self, known: Known, desk: CompiledDesk, related_to: UUID | None) -> Arrived:
        """Open a new ticket for it."""
        house, now = self.house, self.now
        met = await self.whom(known)
        newcomer = None if met else customer_of(self.draft, house.new_id())
        customer = newcomer or met[0]
        ticket = ticket_of(self.draft, customer, house.new_id(), now)
        region = ticket.region or desk.region_of(self.draft.sender.identities)
        if len(met) > 1:
            ticket = replace(ticket, customer_candidates=tuple(each.id for each in met))
        ticket = facts.choose_team(replace(ticket, related_to=related_to, region=region), desk)
        pinned = facts.pin_terms(ticket, desk)
        change, escalations = opening(self.draft, ticket, pinned, house.new_id, now)
        due = await house.receipts.due(self.draft, desk.desk, now)
        if escalations or due.mailbox or desk.listeners or holding(ticket, desk):
            # notices, receipts and events name the number
            change = replace(change, after=replace(change.after, number=await house.tickets.next_number()))
        change = house.receipts.add(change, due, self.draft, desk.desk, house.new_id())
        change = house.with_alerts(replace(change, correlation_id=self.correlation_id), escalations, desk)
        change = house.with_events(change, desk)
        if change.after.terms_id != pinned.id:  # a level that fired at once has changed it
            pinned = facts.pin_terms(change.after, desk)
        await house.tickets.intern_terms(pinned.id, pinned.body, now)
        idempotent = self.idempotent
        if idempotent is not None and self.answering is not None:
            idempotent = replace(idempotent, answer=self.answering(change.after, customer))
        ledger = self.ledger
        after = related_to if self.draft.quiet is not None else self.after
        if after is not UNSET:
            ledger = replace(ledger, follows=f"follows:{customer.id}:{after}")
        number = await house.tickets.open(change, newcomer, ledger, known.revision, idempotent)
        house.observer.changed(change)
        return Arrived(ticket=replace(change.after, number=number), customer=customer, is_new=True)


def continues(draft: Draft, ticket: Ticket, spoken: Spoken, now: datetime) -> bool:
    """Whether a direct message goes on with what was said last: somebody works on it, or it is just over."""
    return ticket.working or draft.quiet is None or now - spoken.at <= draft.quiet


def _wanted(draft: Draft, idempotent: Idempotent | None) -> Wanted:
    return Wanted(
        channel=draft.channel,
        account=draft.account,
        external_id=draft.external_id,
        identities=draft.sender.identities,
        references=(*draft.references, *draft.conversation),
        number=draft.number,
        idempotent=idempotent,
    )
