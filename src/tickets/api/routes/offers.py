"""`/v1/agents/{key}/offers` and `/v1/offers`: tickets offered to an agent, and the agent's answers."""

from http import HTTPStatus
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from msgspec import Raw

from tickets.api.acting import agent_of
from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once, with_etag
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.application.assignments.answer_offer import Answer as Given
from tickets.application.assignments.answer_offer import answer_offer
from tickets.application.views import OfferView, TicketView, show
from tickets.domain.errors import NotFound
from tickets.domain.ticket import Change
from tickets.observability.logs import CORRELATION_ID

_TAGS = ["Offers"]
_WRITE = needs("tickets:write")


@get("/v1/agents/{key:str}/offers", opt=needs("tickets:read"), tags=["Agents"], operation_id="listOffers")
async def list_offers(key: FromPath[str], request: Call, parts: FromParts) -> list[OfferView]:
    """What is offered to the agent right now, the oldest first. `me` is the agent the API key acts as."""
    agent = agent_of(key, request)
    desk = await parts.house.desks.current()
    if agent not in desk.desk.agents:
        raise NotFound(f"there is no agent {agent}")
    return await parts.reading.offers(agent)


@post("/v1/offers/{id:uuid}/accept", opt=_WRITE, tags=_TAGS, operation_id="acceptOffer", status_code=200)
async def accept_offer(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
) -> Response[TicketView | Raw]:
    """Take the ticket. A problem of the kind `offer-over` says what became of one that is over."""
    return await _answered(parts, request, id, "accepted")


@post("/v1/offers/{id:uuid}/decline", opt=_WRITE, tags=_TAGS, operation_id="declineOffer", status_code=200)
async def decline_offer(
    id: FromPath[UUID],
    request: Call,
    parts: FromParts,
) -> Response[TicketView | Raw]:
    """Leave the ticket to others. It is not offered to this agent again in this round."""
    return await _answered(parts, request, id, "declined")


async def _answered(parts: Parts, request: Call, offer: UUID, given: Given) -> Response[TicketView | Raw]:
    change: Change | None = None

    async def answer() -> Answer:
        nonlocal change
        await _must_be_theirs(parts, request, offer)
        change = await answer_offer(
            parts.house, offer, given, request.auth.actor, parts.now(), CORRELATION_ID.get()
        )
        customer = await parts.house.tickets.customer(change.after.customer_id)
        return Answer(HTTPStatus.OK, msgspec.json.encode(show(change.after, customer)))

    answered = await once(parts, request, answer)
    if change is not None:
        parts.house.observer.changed(change)
    return with_etag(answered)


async def _must_be_theirs(parts: Parts, request: Call, offer: UUID) -> None:
    """Whoever acts as an agent answers for that agent alone."""
    found = await parts.house.tickets.find_offer(offer)
    if found is not None and request.auth.agent not in {None, found.agent}:
        raise Problem(403, "This offer is made to another agent.")


ROUTES = (list_offers, accept_offer, decline_offer)
"""Offers are made by the router; here they are seen and answered."""
