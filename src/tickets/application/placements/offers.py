"""Where the offers of a ticket stand: `routing`'s state machine, kept with the ticket as JSON."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

import msgspec
from msgspec import Raw
from msgspec.structs import replace

import routing
from tickets.application.desk.model import Team
from tickets.domain.ticket import Offer, Ticket
from tickets.domain.words import OfferState

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(routing.Offers).decode
_NONE_YET = routing.Offers()
TICK = timedelta(microseconds=1)
"""An offer stands up to and including its last instant, so it is over one of these later."""


def offers_of(ticket: Ticket) -> routing.Offers:
    """Where its offers stand."""
    return read_offers(ticket.offers)


def read_offers(body: Raw | None) -> routing.Offers:
    """Offers as a ticket keeps them."""
    return _NONE_YET if body is None else _decode(body)


def kept(offers: routing.Offers) -> Raw | None:
    """As a ticket keeps them: nothing when there is nothing to know."""
    return None if offers == _NONE_YET else Raw(_encode(offers))


def excluded(ticket: Ticket) -> frozenset[str]:
    """Who is not asked again in this round. Once it is left to people, anybody may take it."""
    offers = offers_of(ticket)
    return frozenset() if offers.escalated_at else offers.refused


def given_up(ticket: Ticket) -> bool:
    """Whether all rounds are over: it is left to people."""
    return offers_of(ticket).escalated_at is not None


def advance(
    ticket: Ticket, decision: routing.Decision, team: Team, now: datetime
) -> tuple[routing.Step, routing.Offers]:
    """What follows from a decision on a ticket that is offered to nobody now."""
    offering = routing.Offering(timeout=team.offer_timeout, rounds=team.rounds)
    return routing.advance(offers_of(ticket), decision, offering, now)


def refuse(ticket: Ticket, agent: str) -> Ticket:
    """The agent is not asked again in this round, though there was no offer: they did not react."""
    offers = offers_of(ticket)
    return replace(ticket, offers=kept(replace(offers, open=None, refused=offers.refused | {agent})))


def make_offer(ticket: Ticket, offers: routing.Offers, new_id: Callable[[], UUID]) -> tuple[Ticket, Offer]:
    """The ticket, offered to the agent that `offers` has open, and the offer."""
    made = _open(offers)
    offer = Offer(
        id=new_id(),
        ticket_id=ticket.id,
        agent=made.agent,
        round=offers.round,
        offered_at=made.offered_at,
        expires_at=made.expires_at,
    )
    after = replace(
        ticket,
        offers=kept(offers),
        offer_id=offer.id,
        offered_to=offer.agent,
        route_at=offer.expires_at + TICK,
    )
    return after, offer


def end_offer(ticket: Ticket, state: OfferState, at: datetime) -> tuple[Ticket, Offer]:
    """The ticket, offered to nobody any more, and what became of its offer. It has one.

    Who declined or let it pass has refused; who went away has not. What others refused is known until the
    one who took it reacts.
    """
    offers = offers_of(ticket)
    made = _open(offers)
    if ticket.offer_id is None:
        raise AssertionError("an open offer has an id")
    offer = Offer(
        id=ticket.offer_id,
        ticket_id=ticket.id,
        agent=made.agent,
        state=state,
        round=offers.round,
        offered_at=made.offered_at,
        expires_at=made.expires_at,
        ended_at=at,
    )
    left = _AFTER.get(state, routing.withdrawn)(offers)
    return replace(ticket, offers=kept(left), offer_id=None, offered_to=None), offer


def expires_at(ticket: Ticket) -> datetime:
    """The last instant of the offer that is open. It has one."""
    return _open(offers_of(ticket)).expires_at


def offered_at(ticket: Ticket) -> datetime:
    """When the offer that is open was made. It has one."""
    return _open(offers_of(ticket)).offered_at


def _open(offers: routing.Offers) -> routing.Offer:
    if offers.open is None:
        raise AssertionError("no offer is open")
    return offers.open


def _refused(offers: routing.Offers) -> routing.Offers:
    return routing.declined(offers, _open(offers).agent)


_AFTER: Mapping[OfferState, Callable[[routing.Offers], routing.Offers]] = MappingProxyType(
    {"declined": _refused, "expired": _refused}
)
