"""How tickets reach the agents of their team: what a decision comes to where they are offered or pulled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import ROUTING
from tickets.application.placements import offers, placing
from tickets.application.placements.placing import KnownAgents, Placement
from tickets.application.ports import AgentState
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Ticket

Step = Literal["assign", "offer", "wait", "next_round", "give_up"]

REFUSED: Final = "refused"
UNROUTABLE: Final = "unroutable"
"""The levels of an alert of routing: everybody refused, nobody could ever take it."""

ASK = "The team takes its tickets itself: it goes to the first who asks for work and may take it."
PEOPLE = "Everybody who was there refused it or did not react, in every round: people decide."


class Course(Struct, frozen=True, kw_only=True):
    """What is to be done with a waiting ticket, and what to remember of its offers when it is.

    `stuck` is why it cannot go on by itself, and `trouble` in one word.
    """

    ticket: Ticket
    placement: Placement
    step: Step
    offers: Raw | None
    stuck: str | None = None
    trouble: Literal["refused", "unroutable"] | None = None

    @property
    def agent(self) -> str | None:
        """Who is to be given it, or asked."""
        return self.placement.agent if self.step in {"assign", "offer"} else None


def chart(
    waiting: Sequence[Ticket],
    desk: CompiledDesk,
    states: Sequence[AgentState],
    now: datetime,
    known: KnownAgents,
) -> list[Course]:
    """The course of each ticket that waits and is offered to nobody.

    Those that nobody is asked about (their team pulls, or people have to decide) compete with no other.
    """
    by_id = {str(ticket.id): ticket for ticket in waiting}
    asked = [ticket for ticket in waiting if _asks(ticket, desk)]
    resting = [ticket for ticket in waiting if not _asks(ticket, desk)]
    placements = placing.place(asked, desk, states, now, known)
    placements += [placing.place([ticket], desk, states, now, known)[0] for ticket in resting]
    return [course(by_id[placement.ticket], placement, desk, now) for placement in placements]


def _asks(ticket: Ticket, desk: CompiledDesk) -> bool:
    return desk.team(ticket.team).assignment != "pull" and not offers.given_up(ticket)


def course(ticket: Ticket, placement: Placement, desk: CompiledDesk, now: datetime) -> Course:
    """What a decision comes to in the way the ticket's team works."""
    team = desk.team(ticket.team)
    step, moved = offers.advance(ticket, placement.decision, team, now)
    if step == "escalate" or offers.given_up(ticket):
        return _given_up(ticket, placement, offers.kept(moved))
    found = Course(ticket=ticket, placement=placement, step="wait", offers=ticket.offers)
    if step == "ask_again":
        return replace(found, step="next_round", offers=offers.kept(moved))
    if step == "report":
        return replace(found, stuck=placement.reason, trouble=UNROUTABLE)
    if team.assignment == "pull":
        return replace(found, placement=_said(placement, "waiting", ASK))
    if step == "offer" and team.assignment == "offer":
        offered = _said(placement, "offered", f"{placement.agent} is asked: {placement.reason}")
        return replace(found, placement=offered, step="offer", offers=offers.kept(moved))
    return replace(found, step="assign") if step == "offer" else found


def _given_up(ticket: Ticket, placement: Placement, kept: Raw | None) -> Course:
    return Course(
        ticket=ticket,
        placement=_said(placement, "waiting", PEOPLE),
        step="wait" if ticket.stuck == PEOPLE else "give_up",
        offers=kept,
        stuck=PEOPLE,
        trouble=REFUSED,
    )


def _said(placement: Placement, outcome: str, reason: str) -> Placement:
    """The decision in other words: nobody is given the ticket by it, and asking again says the same."""
    said = msgspec.structs.asdict(placement.decision) | {"outcome": outcome, "reason": reason}
    if outcome == "waiting":
        said |= {"agent": None, "matcher": None, "assigned_at": None, "next_relaxation_at": None}
    return replace(
        placement,
        agent=placement.agent if outcome == "offered" else None,
        outcome=outcome,
        reason=reason,
        explanation=Raw(msgspec.json.encode(said)),
        look_again_at=None,
    )


def accepted(explanation: Raw | None) -> Raw | None:
    """The decision to offer, now that the agent has accepted."""
    if explanation is None:
        return None
    said = msgspec.json.decode(explanation)
    said["outcome"] = "assigned"
    return Raw(msgspec.json.encode(said))


def same_decision(before: Raw, after: Raw) -> bool:
    """Whether two decisions to wait say the same, however many were away or busy at the time.

    Agents come and go all day: told of each time, a queue would be written anew with every one of them.
    """
    return _gist(before) == _gist(after)


class _Gist(Struct, frozen=True):
    outcome: str
    team: str | None
    rule: str | None
    relaxed: tuple[str, ...]
    reason: str


_decoded = msgspec.json.Decoder(_Gist).decode


def _gist(decision: Raw) -> _Gist:
    said = _decoded(decision)
    return replace(said, reason=said.reason.partition(":")[0]) if said.outcome == "waiting" else said


def alarm(course: Course, policies: Iterable[str], epoch: int, now: datetime) -> Escalation:
    """Whoever leads the team hears that routing gave up; else the fallback of the first of `policies`.

    `epoch` is that of the change it is raised in, so that it is raised once.
    """
    return Escalation(
        policy=next(iter(policies), ""),
        metric=ROUTING,
        cycle=epoch,
        level=course.trouble or "",
        repeat=0,
        covers=(),
        occurred_at=now,
        due_at=None,
        notify=("team_lead",),
    )
