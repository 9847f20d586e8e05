"""A change of a ticket in the making: what it is decided upon, and everything said meanwhile."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.answers.answer import Answering, nobody_hears
from tickets.application.placements import offers
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Happened, Message, Offer, Outgoing, Ticket
from tickets.domain.words import WORKING, OfferState, Status


class Scene(Struct, frozen=True, kw_only=True):
    """What a command is decided upon.

    `chosen` gives the terms the desk promises a ticket now, `routed_by` the routing rules that hold for it,
    `answer` what carries a reply to the customer.
    Whoever is given it has to react `within` a time, if its team says so.
    """

    ticket: Ticket
    pinned: facts.Pinned
    actor: str
    now: datetime
    chosen: Callable[[Ticket], facts.Pinned]
    new_id: Callable[[], UUID]
    routed_by: Callable[[Ticket], object] = lambda _: None
    answer: Answering = nobody_hears
    within: timedelta | None = None


class Draw:
    """A change in the making: the ticket as it moves, and everything said meanwhile."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.ticket = scene.ticket
        self.pinned = scene.pinned
        self.happened: list[Happened] = []
        self.messages: list[Message] = []
        self.escalations: list[Escalation] = []
        self.outgoing: list[Outgoing] = []
        self.offer: Offer | None = None

    def note(self, event: str, **data: object) -> None:
        """Write a line of history."""
        now = self.scene.now
        self.happened.append(
            Happened(type=event, actor=self.scene.actor, occurred_at=now, detected_at=now, data=data)
        )

    def tell(self, signal: facts.Signal) -> None:
        """Tell the promise engine what happened, and take what it says."""
        self.heed(facts.told(self.ticket, signal, self.pinned, self.scene.now))

    def heed(self, verdict: facts.Verdict) -> None:
        """Take what the promise engine said."""
        self.ticket = verdict.ticket
        self.happened += verdict.happened
        self.escalations += verdict.escalations

    def move_to(self, status: Status) -> None:
        """Change the status and tell the promises."""
        before, now = self.ticket.status, self.scene.now
        if status == before:
            return
        self.ticket = replace(self.ticket, status=status, solved_at=now if status == "solved" else None)
        self.note("status_changed", before=before, after=status)
        self.tell(facts.StatusChanged(now, status))
        if status not in WORKING:
            self.end_offer("withdrawn")
            self.ticket = replace(self.ticket, waiting_since=None, route_at=None, **_AFRESH)
        elif before not in WORKING:
            self.release()

    def release(self) -> None:
        """Let it wait for an agent (again), whoever refused it before."""
        now = self.scene.now
        self.end_offer("withdrawn")
        if self.ticket.assignee is not None:
            self.note("unassigned", agent=self.ticket.assignee)
            self.ticket = replace(self.ticket, assignee=None)
            self.tell(facts.Unassigned(now))
        self.ticket = replace(self.ticket, waiting_since=now, route_at=now, **_AFRESH)

    def end_offer(self, state: OfferState, at: datetime | None = None) -> None:
        """Say what became of the offer that is open, if one is, at an instant (now unless given)."""
        if self.ticket.offer_id is None:
            return
        now = self.scene.now
        self.ticket, self.offer = offers.end_offer(self.ticket, state, at or now)
        self.happened.append(
            Happened(
                type=f"offer_{state}",
                actor=self.scene.actor,
                occurred_at=at or now,
                detected_at=now,
                data={"offer": str(self.offer.id), "agent": self.offer.agent},
            )
        )

    def choose_terms(self) -> None:
        """Go over to what the desk promises it now; what was used and broken stays (law 9)."""
        now, after = self.scene.now, self.scene.chosen(self.ticket)
        self.heed(facts.terms_changed(self.ticket, self.pinned, after, now, now))
        self.pinned = after

    def ask_again(self) -> None:
        """If it waits it is another one now: everybody is asked anew. An offer that stands may be taken."""
        if self.ticket.waiting_since is not None and self.ticket.offer_id is None:
            self.ticket = replace(self.ticket, route_at=self.scene.now, **_AFRESH)

    def touch(self, actor: str) -> None:
        """Its assignee reacts. Programs may speak for them; another agent does not."""
        agent = self.ticket.assignee
        if agent is not None and (actor == f"agent:{agent}" or actor.startswith("api:")):
            self.ticket = replace(self.ticket, react_by=None, offers=None)

    def done(self) -> Change:
        """The change, with what it does to agents' loads."""
        before, after = self.scene.ticket, self.ticket.moved_on(self.scene.now)
        held = before.holder  # what an agent takes on is taken by the one who assigns, under lock
        return Change(
            before=before,
            after=after,
            now=self.scene.now,
            happened=tuple(self.happened),
            messages=tuple(self.messages),
            outgoing=tuple(self.outgoing),
            offer=self.offer,
            capacity={held: -before.units} if held and held != after.holder else {},
        )


_AFRESH: dict[str, None] = {"offers": None, "react_by": None, "stuck": None}
"""What a ticket no longer knows when routing begins with it anew."""
