"""What may be done to a ticket, and what each command comes to: pure decisions over a locked ticket."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.answers.answer import Elsewhere, Unanswered
from tickets.application.changes.came_back import CameBack
from tickets.application.changes.describe import Describe, describe, retag
from tickets.application.changes.draw import Draw, Scene
from tickets.application.changes.ended import (
    Absorb,
    Forget,
    MarkAsSpam,
    MergeInto,
    absorb,
    forget,
    is_spam,
    mark_as_spam,
    merge_into,
    restore,
)
from tickets.application.changes.whose import SetCustomer, set_customer
from tickets.domain.draft import Attachment, Call
from tickets.domain.errors import Refused
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Message, Origin, Ticket
from tickets.domain.words import MessageKind, Priority, Status


class Say(Struct, frozen=True, kw_only=True):
    """Say something: to the customer, among agents, or as the customer."""

    kind: MessageKind
    text: str
    signature: str = ""
    quoted: str = ""
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


class SetTeam(Struct, frozen=True):
    """Give it to another team. `keeps`: its assignee works there, too, and keeps it."""

    team: str
    keeps: bool


class Called(Struct, frozen=True):
    """A telephone call about it went on. `taken`: the agent who answered had the capacity to keep it."""

    call: Call
    taken: bool = False


MISSED_CALL = "missed_call"
"""The tag of a ticket whose customer called in vain."""

Command = (
    Say
    | CameBack
    | SetStatus
    | SetPriority
    | SetTeam
    | SetCustomer
    | Describe
    | Assign
    | Called
    | MarkAsSpam
    | MergeInto
    | Absorb
    | Forget
)


def decide(command: Command, scene: Scene) -> tuple[Change, tuple[Escalation, ...]]:
    """What a command comes to.

    Raises:
        Refused: the ticket cannot take it as it stands.
    """
    draw = Draw(scene)
    spam = is_spam(scene.ticket)
    if scene.ticket.status != "closed":
        _DECIDE[type(command)](draw, command)
    elif spam and command == SetStatus("open"):
        restore(draw)
    elif not (spam and isinstance(command, MarkAsSpam)):
        raise Refused(_closed(scene.ticket))
    return draw.done(), tuple(draw.escalations)


def _closed(ticket: Ticket) -> str:
    if is_spam(ticket):
        return "the ticket is spam; reopen it if it is not"
    if ticket.merged_into is not None:
        return f"the ticket was merged into {ticket.merged_into}; go on there"
    return "the ticket is closed; write a new one"


def message_of(said: Say, scene: Scene) -> Message:
    """What was said, as the ticket keeps it."""
    return Message(
        id=scene.new_id(),
        ticket_id=scene.ticket.id,
        kind=said.kind,
        author=scene.actor,
        text=said.text,
        signature=said.signature,
        quoted=said.quoted,
        html=said.html,
        automatic=said.automatic,
        written_at=said.written_at,
        occurred_at=scene.now,
        attachments=said.attachments,
        origin=said.origin,
    )


def _say(draw: Draw, said: Say) -> None:
    now = draw.scene.now
    message = message_of(said, draw.scene)
    draw.messages.append(message)
    leaving = _leave(draw, message) if said.kind == "public_reply" else {}
    draw.note("message_added", kind=said.kind, message=str(message.id), automatic=said.automatic, **leaving)
    if not said.automatic:
        draw.touch(draw.scene.actor)
    if said.automatic or said.kind == "internal_note":
        return  # stops no clock, starts none, wakes nobody
    if said.kind == "public_reply":
        draw.tell(facts.AgentReplied(now))
        if draw.ticket.status == "new":
            draw.move_to("open")
    else:
        if draw.ticket.status == "pending" or facts.reopens(draw.ticket, draw.pinned, now):
            draw.move_to("open")
        draw.tell(facts.CustomerReplied(now))


def _leave(draw: Draw, reply: Message) -> dict[str, object]:
    """Let a reply leave by the customer's way; what the history says of it."""
    answer = draw.scene.answer(draw.ticket, reply)
    if isinstance(answer, Unanswered):
        return {"unsent": answer.reason}
    if isinstance(answer, Elsewhere):
        return {"source": answer.source, "account": answer.account}
    draw.outgoing.append(answer)
    return {"way": answer.way, "destination": answer.destination}


def _came_back(draw: Draw, command: CameBack) -> None:
    """Whoever waits for the customer waits in vain: a pending ticket is open again."""
    told = Say(
        kind="internal_note",
        text=command.text,
        signature=command.signature,
        quoted=command.quoted,
        automatic=True,
        attachments=command.attachments,
    )
    _say(draw, told)
    draw.note("mail_returned", **command.told())
    if command.returned.final and draw.ticket.status == "pending":
        draw.move_to("open")


def _set_status(draw: Draw, command: SetStatus) -> None:
    if command.status == "new":
        raise Refused("a ticket is new only once")
    draw.touch(draw.scene.actor)
    draw.move_to(command.status)


def _set_priority(draw: Draw, command: SetPriority) -> None:
    before = draw.ticket.priority
    if before == command.priority:
        return
    draw.ticket = replace(draw.ticket, priority=command.priority)
    draw.note("priority_changed", before=before, after=command.priority)
    draw.choose_terms()
    draw.ask_again()


def _set_team(draw: Draw, command: SetTeam) -> None:
    before = draw.ticket.team
    if not draw.ticket.working:
        raise Refused(f"the ticket is {draw.ticket.status}; reopen it first")
    if before == command.team:
        return
    draw.end_offer("withdrawn")
    draw.ticket = replace(draw.ticket, team=command.team, rule=None)
    draw.note("team_changed", before=before, after=command.team)
    draw.choose_terms()
    if draw.ticket.assignee is not None and not command.keeps:
        draw.release()
    draw.ask_again()


def _assign(draw: Draw, command: Assign) -> None:
    now = draw.scene.now
    if not draw.ticket.working:
        raise Refused(f"the ticket is {draw.ticket.status}; reopen it first")
    if command.agent == draw.ticket.assignee and (command.agent or draw.ticket.offers is None):
        return  # to nobody, it asks anew whoever refused it
    if command.agent is None:
        draw.release()
        return
    draw.end_offer("accepted" if command.agent == draw.ticket.offered_to else "withdrawn")
    within = draw.scene.within
    draw.ticket = replace(
        draw.ticket,
        assignee=command.agent,
        waiting_since=None,
        route_at=None,
        react_by=None if within is None else now + within,
        stuck=None,
        last_agent=command.agent,
        last_agent_since=now,
    )
    draw.note("assigned", agent=command.agent)
    draw.tell(facts.Assigned(now))
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
            retag(draw, (*draw.ticket.tags, MISSED_CALL))
            draw.choose_terms()
        draw.tell(facts.CallMissed(at))
    if call.event == "answered":
        draw.tell(facts.CallAnswered(at))
        if command.taken:
            _assign(draw, Assign(call.agent))
        elif draw.ticket.status == "new":
            draw.move_to("open")
        draw.touch(f"agent:{call.agent}")


_DECIDE: dict[type, Callable[[Draw, "Command"], None]] = {
    Say: _say,  # type: ignore[dict-item]
    CameBack: _came_back,  # type: ignore[dict-item]
    SetStatus: _set_status,  # type: ignore[dict-item]
    SetPriority: _set_priority,  # type: ignore[dict-item]
    SetTeam: _set_team,  # type: ignore[dict-item]
    SetCustomer: set_customer,  # type: ignore[dict-item]
    Describe: describe,  # type: ignore[dict-item]
    Assign: _assign,  # type: ignore[dict-item]
    Called: called,  # type: ignore[dict-item]
    MarkAsSpam: mark_as_spam,  # type: ignore[dict-item]
    MergeInto: merge_into,  # type: ignore[dict-item]
    Absorb: absorb,  # type: ignore[dict-item]
    Forget: forget,  # type: ignore[dict-item]
}
