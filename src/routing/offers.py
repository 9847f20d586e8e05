"""Offers: a ticket is offered to one agent at a time, who accepts, declines or lets it time out.

A small state machine without a clock. The application stores `Offers` with the ticket and hands `refused` to
routing as `Waiting.excluded`; the ticket's weight counts as load of the agent while the offer is open.
"""

from datetime import datetime
from typing import Annotated, Literal, NamedTuple

import msgspec

from routing.decision import Decision, Refusal
from routing.rules import duration

Step = Literal["offer", "ask_again", "wait", "escalate", "report"]
"""What is to be done next: see `advance`."""

STILL_TO_ASK: frozenset[Refusal] = frozenset(["full", "reserved", "kept_for_sticky_agent"])
"""Agents at their desks who have not been asked yet, only because they cannot take it this instant."""


class OfferError(ValueError):
    """What somebody wanted to do with an offer that is not theirs, not open, or over."""


class Offering(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a team offers: how long an offer stands (ISO 8601), and after how many rounds it escalates."""

    timeout: str = "PT1M"
    rounds: Annotated[int, msgspec.Meta(ge=1)] = 3


class Offer(msgspec.Struct, frozen=True):
    """One agent may take the ticket, up to and including `expires_at`."""

    agent: str
    offered_at: datetime
    expires_at: datetime


class Offers(msgspec.Struct, frozen=True, kw_only=True):
    """Where the offers of one ticket stand: the round, who refused in it, and who is asked now."""

    round: Annotated[int, msgspec.Meta(ge=1)] = 1
    refused: frozenset[str] = frozenset()
    open: Offer | None = None
    escalated_at: datetime | None = None


class Advance(NamedTuple):
    """What to do, and what to store when it is done."""

    step: Step
    offers: Offers


def advance(offers: Offers, decision: Decision, offering: Offering, now: datetime) -> Advance:
    """What follows from routing's decision for a ticket that is offered to nobody now.

    - `offer`: to the decision's agent, who has been put down as asked.
    - `ask_again`: a round is over, everybody there who could take it has refused; route it again at once,
      with nobody excluded.
    - `escalate`: that was the last round. Once; from then on people decide, and it is offered to nobody.
    - `report`: nobody could ever take it, though nobody refused.
    - `wait`: for somebody to come, or for room.

    Raises:
        OfferError: an offer is open, or the agent has refused it in this round.
    """
    if offers.open:
        raise OfferError(f"it is offered to {offers.open.agent} until {offers.open.expires_at.isoformat()}")
    if offers.escalated_at:
        return Advance("wait", offers)
    if decision.agent is not None:
        if decision.agent in offers.refused:
            raise OfferError(f"{decision.agent} has refused it in this round")
        offer = Offer(decision.agent, now, now + duration(offering.timeout))
        return Advance("offer", msgspec.structs.replace(offers, open=offer))
    if offers.refused and all(group.reason not in STILL_TO_ASK for group in decision.rejected):
        if offers.round < offering.rounds:
            return Advance("ask_again", Offers(round=offers.round + 1))
        return Advance("escalate", msgspec.structs.replace(offers, escalated_at=now))
    return Advance("report" if decision.outcome == "unroutable" else "wait", offers)


def accepted(offers: Offers, agent: str, at: datetime) -> Offers:
    """The agent takes the ticket: nothing is left to offer.

    Raises:
        OfferError: it is not offered to this agent, or it was only until before `at`.
    """
    if at > _open_to(offers, agent).expires_at:
        raise OfferError(f"the offer to {agent} ended before {at.isoformat()}")
    return Offers()


def declined(offers: Offers, agent: str) -> Offers:
    """The agent refuses, and is not asked again in this round.

    Raises:
        OfferError: it is not offered to this agent.
    """
    _open_to(offers, agent)
    return msgspec.structs.replace(offers, open=None, refused=offers.refused | {agent})


def expired(offers: Offers, now: datetime) -> Offers:
    """An offer not answered in time counts as refused; one that still stands is left alone."""
    if offers.open and now > offers.open.expires_at:
        return declined(offers, offers.open.agent)
    return offers


def withdrawn(offers: Offers) -> Offers:
    """The offer is taken back, because the agent has gone: no refusal, they may be asked again."""
    return msgspec.structs.replace(offers, open=None)


def _open_to(offers: Offers, agent: str) -> Offer:
    if offers.open is None or offers.open.agent != agent:
        raise OfferError(f"it is not offered to {agent}")
    return offers.open
