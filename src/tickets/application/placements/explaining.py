"""Why a ticket was given to whom it was given, or why it waits."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.model import Matcher
from tickets.application.placements import offers, placing
from tickets.application.placements.modes import course
from tickets.application.ports import AgentState
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant


class CandidateView(Struct, frozen=True, kw_only=True):
    """An agent who could take the ticket; `why` is what put them at this place in the order."""

    agent: str
    why: str


class RejectionView(Struct, frozen=True, kw_only=True):
    """Agents refused for one reason, the first that is true of them: `count` of them, the first 20 named.

    `detail` is the skill, language, region or team that was missing.
    """

    reason: str
    detail: str
    count: int
    agents: tuple[str, ...]


class DecisionView(Struct, frozen=True, kw_only=True):
    """A decision and its why: assigned, offered, waiting, or `unroutable` when nobody could ever take it.

    `candidates` are in the order in which they would be asked, the first 20 of `candidate_count`; every other
    agent is in one of `rejected`. `relaxed` are the steps and rules given up for it. `next_relaxation_at` is
    when the next step is given up. `matcher` is what chose the agent: `greedy` whoever comes first for the
    ticket, `optimal` so that all who waited come off best; null where nothing chose.
    """

    outcome: str
    reason: str
    agent: str | None
    assigned_at: Instant | None
    team: str | None
    rule: str | None
    relaxed: tuple[str, ...]
    candidate_count: int
    candidates: tuple[CandidateView, ...]
    rejected: tuple[RejectionView, ...]
    next_relaxation_at: Instant | None
    matcher: Matcher | None = None


class Urgency(Struct, frozen=True):
    """How urgently a ticket that waits wants an agent, and since when it has been told to wait."""

    wanted_by: Instant | None
    told_at: Instant | None


class RoutingView(Struct, frozen=True, kw_only=True):
    """Where a ticket stands with routing, as of an instant.

    `last` is the last decision as it was made: `decided_at` is when that was first said (looking again and
    finding the same is not told anew). A ticket given away by hand keeps it. A ticket that waits is looked at
    again at `look_again_at`, and whenever an agent comes or has room; `now` is what would be decided this
    instant if it alone were asked about. It is null for a ticket that does not wait. `mode` is how its team
    works; `refused` are those who declined, let an offer pass or did not react in the present `round`.
    """

    ticket: UUID
    as_of: Instant
    team: str | None
    rule: str | None
    assignee: str | None
    waiting_since: Instant | None
    wanted_by: Instant | None
    look_again_at: Instant | None
    mode: str
    round: int
    refused: tuple[str, ...]
    offered_to: str | None
    offer_expires_at: Instant | None
    stuck: str | None
    decided_at: Instant | None
    last: DecisionView | None
    now: DecisionView | None


def routing_of(
    ticket: Ticket,
    urgency: Urgency,
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
    known: placing.KnownAgents = placing.NOBODY_KNOWN,
) -> RoutingView:
    """Where the ticket stands at `now`, on a roster of agents in these states."""
    last = None if ticket.routing is None else read_decision(ticket.routing)
    offered = offers.offers_of(ticket)
    waits = ticket.waiting_since is not None
    return RoutingView(
        ticket=ticket.id,
        as_of=now,
        team=ticket.team,
        rule=ticket.rule,
        assignee=ticket.assignee,
        waiting_since=ticket.waiting_since,
        wanted_by=urgency.wanted_by,
        look_again_at=ticket.route_at,
        mode=desk.team(ticket.team).assignment,
        round=offered.round,
        refused=tuple(sorted(offered.refused)),
        offered_to=ticket.offered_to,
        offer_expires_at=None if offered.open is None else offered.open.expires_at,
        stuck=ticket.stuck,
        decided_at=None if last is None else last.assigned_at or urgency.told_at,
        last=last,
        now=decided(ticket, desk, states, now, known) if waits else None,
    )


def decided(
    ticket: Ticket,
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
    known: placing.KnownAgents = placing.NOBODY_KNOWN,
) -> DecisionView:
    """What routing says of this ticket when asked about nothing else, in the way its team works."""
    (placement,) = placing.place([ticket], desk, states, now, known)
    if ticket.offer_id is None:
        placement = course(ticket, placement, desk, now).placement
    return read_decision(placement.explanation)


def read_decision(explanation: Raw) -> DecisionView:
    """A decision as it was kept."""
    return _decision(explanation)


_decision = msgspec.json.Decoder(DecisionView).decode
