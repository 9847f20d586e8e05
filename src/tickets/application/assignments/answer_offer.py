"""An agent answers an offer: the ticket is theirs, or goes on to the next."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec.structs import replace

from tickets.application.changes.change import Assign, decide
from tickets.application.changes.draw import Draw
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.placements import offers
from tickets.application.placements.modes import accepted
from tickets.application.ports import Load
from tickets.domain.errors import NotFound, OfferOver, Refused
from tickets.domain.ticket import Change, Offer, Ticket

Answer = Literal["accepted", "declined"]

_WHAT_BECAME = {
    "accepted": "was accepted",
    "declined": "was declined",
    "expired": "was not answered in time",
    "withdrawn": "was withdrawn",
}


async def answer_offer(
    house: House,
    offer_id: UUID,
    answer: Answer,
    actor: str,
    now: datetime,
    correlation_id: str | None = None,
) -> Change:
    """Accept or decline, in the caller's transaction if there is one. The same answer twice changes nothing.

    Raises:
        NotFound: no such offer.
        OfferOver: it was answered otherwise, timed out, or was withdrawn.
        Refused: the agent is not online any more, out of their shift, or no longer part of the desk.
    """
    desk = await house.desks.current()
    async with house.tickets.transaction():
        found = await _offer(house, offer_id)
        ticket = await house.held(found.ticket_id)
        found = await _offer(house, offer_id)  # again: whoever held the ticket may have ended it
        if found.state == answer:
            return Change(before=ticket, after=ticket, now=now)
        _must_stand(found, ticket, now)
        if answer == "declined":
            draw = Draw(await house.scene(ticket, desk, actor, now))
            draw.end_offer("declined")
            draw.ticket = replace(draw.ticket, route_at=now)
            change = draw.done()
        else:
            change = await _accept(house, desk, ticket, found.agent, actor, now)
        change = replace(change, correlation_id=correlation_id)
        await house.save(change, desk=desk)
    return change


async def _offer(house: House, offer_id: UUID) -> Offer:
    found = await house.tickets.find_offer(offer_id)
    if found is None:
        raise NotFound(f"there is no offer {offer_id}")
    return found


def _must_stand(found: Offer, ticket: Ticket, now: datetime) -> None:
    if found.state != "open" or ticket.offer_id != found.id:
        raise OfferOver(f"the offer {_WHAT_BECAME.get(found.state, 'is over')}")
    if now > offers.expires_at(ticket):
        raise OfferOver(f"the offer {_WHAT_BECAME['expired']}")


async def _accept(
    house: House, desk: CompiledDesk, ticket: Ticket, agent: str, actor: str, now: datetime
) -> Change:
    """The capacity was taken with the offer; taking none makes sure that they are still there (law 11)."""
    known = desk.desk.agents.get(agent)
    if known is None:
        raise Refused(f"agent {agent} is no longer part of the desk")
    if agent in desk.shifts.off(now):
        raise Refused(f"the shift of agent {agent} is over")
    if not await house.tickets.take_capacity([Load(agent, 0, known.capacity, now)]):
        raise Refused(f"agent {agent} is not online, or holds more than they may")
    change, escalations = decide(Assign(agent), await house.scene(ticket, desk, actor, now))
    change = replace(change, after=replace(change.after, routing=accepted(change.after.routing)))
    return house.with_alerts(change, escalations, desk)
