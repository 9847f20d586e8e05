"""What may be done to a ticket, and what each command comes to: pure decisions over a locked ticket."""

from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.answers.answer import Answering, Unanswered, nobody_hears
from tickets.domain.draft import Attachment, Call
from tickets.domain.errors import Refused
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Happened, Message, Origin, Outgoing, Ticket
from tickets.domain.words import WORKING, MessageKind, Priority, Status


class Say(Struct, frozen=True, kw_only=True):
    """Say something: to the customer, among agents, or as the customer."""

    kind: MessageKind
    text: str
    html: str | None = None
    automatic: bool = False
    written_at: datetime | None = None
    attachments: tuple[Attachment, ...] = ()
    origin: Origin | None = None


class SetStatus(Struct, frozen=True):
    """Put it into another status; `solved` and back are `solve` and `reopen`."""

    status: Status


class SetPriority(Struct, frozen=True):
    """Give it another priority, and the promises that go with it."""

    priority: Priority


class Assign(Struct, frozen=True):
    """Give it to an agent whose capacity has been taken already, or to nobody."""

    agent: str | None


class Called(Struct, frozen=True):
    """A telephone call about it went on. `taken`: the agent who answered had the capacity to keep it."""

    call: Call
    taken: bool = False


MISSED_CALL = "missed_call"
"""The tag of a ticket whose customer called in vain."""

Command = Say | SetStatus | SetPriority | Assign | Called


class Scene(Struct, frozen=True, kw_only=True):
    """What a command is decided upon.

    `chosen` gives the terms the desk promises a ticket now, `answer` what carries a reply to the customer.
    """

    ticket: Ticket
    pinned: facts.Pinned
    actor: str
    now: datetime
    chosen: Callable[[Ticket], facts.Pinned]
    new_id: Callable[[], UUID]
    answer: Answering = nobody_hears


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

    def note(self, event: str, **data: object) -> None:
        """Write a line of history."""
        now = self.scene.now
        self.happened.append(
            Happened(type=event, actor=self.scene.actor, occurred_at=now, detected_at=now, data=data)
        )

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
        self.heed(facts.status_changed(self.ticket, self.pinned, now, now))
        if status not in WORKING:
            self.ticket = replace(self.ticket, waiting_since=None, route_at=None)
        elif before not in WORKING:
            self.release()

    def release(self) -> None:
        """Let it wait for an agent (again)."""
        now = self.scene.now
        if self.ticket.assignee is not None:
            self.note("unassigned", agent=self.ticket.assignee)
            self.ticket = replace(self.ticket, assignee=None)
            self.heed(facts.assignee_changed(self.ticket, self.pinned, now, now))
        self.ticket = replace(self.ticket, waiting_since=now, route_at=now)

    def done(self) -> Change:
        """The change, with what it does to agents' loads."""
        before, after = (
            self.scene.ticket,
            replace(self.ticket, epoch=self.scene.ticket.epoch + 1, updated_at=self.scene.now),
        )
        return Change(
            before=before,
            after=after,
            now=self.scene.now,
            happened=tuple(self.happened),
            messages=tuple(self.messages),
            outgoing=tuple(self.outgoing),
            capacity=dict(freed(before, after)),
        )


def freed(before: Ticket, after: Ticket) -> Iterator[tuple[str, int]]:
    """Units an agent no longer holds. What an agent takes on is taken by the one who assigns, under lock."""
    held = before.assignee if before.working else None
    holds = after.assignee if after.working else None
    if held is not None and held != holds:
        yield held, -before.units


def decide(command: Command, scene: Scene) -> tuple[Change, tuple[Escalation, ...]]:
    """What a command comes to.

    Raises:
        Refused: the ticket cannot take it as it stands.
    """
    if scene.ticket.status == "closed":
        raise Refused("the ticket is closed; write a new one")
    draw = Draw(scene)
    _DECIDE[type(command)](draw, command)
    return draw.done(), tuple(draw.escalations)


def _say(draw: Draw, said: Say) -> None:
    scene, now = draw.scene, draw.scene.now
    message = Message(
        id=scene.new_id(),
        ticket_id=scene.ticket.id,
        kind=said.kind,
        author=scene.actor,
        text=said.text,
        html=said.html,
        automatic=said.automatic,
        written_at=said.written_at,
        occurred_at=now,
        attachments=said.attachments,
        origin=said.origin,
    )
    draw.messages.append(message)
    leaving = _leave(draw, message) if said.kind == "public_reply" else {}
    draw.note("message_added", kind=said.kind, message=str(message.id), automatic=said.automatic, **leaving)
    if said.automatic or said.kind == "internal_note":
        return  # stops no clock, starts none, wakes nobody
    if said.kind == "public_reply":
        draw.heed(facts.agent_replied(draw.ticket, draw.pinned, now, now))
        if draw.ticket.status == "new":
            draw.move_to("open")
    else:
        if draw.ticket.status == "pending" or facts.reopens(draw.ticket, draw.pinned, now):
            draw.move_to("open")
        draw.heed(facts.customer_replied(draw.ticket, draw.pinned, now, now))


def _leave(draw: Draw, reply: Message) -> dict[str, object]:
    """Let a reply leave by the customer's way; what the history says of it."""
    answer = draw.scene.answer(draw.ticket, reply)
    if isinstance(answer, Unanswered):
        return {"unsent": answer.reason}
    draw.outgoing.append(answer)
    return {"way": answer.way, "destination": answer.destination}


def _set_status(draw: Draw, command: SetStatus) -> None:
    if command.status == "new":
        raise Refused("a ticket is new only once")
    draw.move_to(command.status)


def _set_priority(draw: Draw, command: SetPriority) -> None:
    before, now = draw.ticket.priority, draw.scene.now
    if before == command.priority:
        return
    draw.ticket = replace(draw.ticket, priority=command.priority)
    draw.note("priority_changed", before=before, after=command.priority)
    after = draw.scene.chosen(draw.ticket)
    draw.heed(facts.terms_changed(draw.ticket, draw.pinned, after, now, now))
    draw.pinned = after
    if draw.ticket.waiting_since is not None:
        draw.ticket = replace(draw.ticket, route_at=now)


def _assign(draw: Draw, command: Assign) -> None:
    now = draw.scene.now
    if not draw.ticket.working:
        raise Refused(f"the ticket is {draw.ticket.status}; reopen it first")
    if command.agent == draw.ticket.assignee:
        return
    if command.agent is None:
        draw.release()
        return
    draw.ticket = replace(draw.ticket, assignee=command.agent, waiting_since=None, route_at=None)
    draw.note("assigned", agent=command.agent)
    draw.heed(facts.assignee_changed(draw.ticket, draw.pinned, now, now))
    if draw.ticket.status == "new":
        draw.move_to("open")


def called(draw: Draw, command: Called) -> None:
    """Note an event of a call, and what it means: an answered call is a reply of a human."""
    call, now = command.call, draw.scene.now
    at = min(call.at, now)
    data = {name: value for name in ("agent", "seconds", "recording_url") if (value := getattr(call, name))}
    if call.direction == "out":
        data["direction"] = call.direction
    draw.note(f"call_{call.event}", call=call.call_id, at=call.at, **data)
    if call.event == "missed":
        if MISSED_CALL not in draw.ticket.tags:
            draw.ticket = replace(draw.ticket, tags=(*draw.ticket.tags, MISSED_CALL))
        draw.heed(facts.call_missed(draw.ticket, draw.pinned, at, now))
    if call.event == "answered":
        draw.heed(facts.call_answered(draw.ticket, draw.pinned, at, now))
        if command.taken:
            _assign(draw, Assign(call.agent))
        elif draw.ticket.status == "new":
            draw.move_to("open")


_DECIDE: dict[type, Callable[[Draw, "Command"], None]] = {
    Say: _say,  # type: ignore[dict-item]
    SetStatus: _set_status,  # type: ignore[dict-item]
    SetPriority: _set_priority,  # type: ignore[dict-item]
    Assign: _assign,  # type: ignore[dict-item]
    Called: called,  # type: ignore[dict-item]
}
