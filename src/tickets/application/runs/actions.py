"""What levels do to a ticket when they fire: the same commands that people give, in the same transaction."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from uuid import UUID

import msgspec
from msgspec.structs import replace

from tickets.application import facts
from tickets.application.changes.change import Command, Say, SetPriority, SetTeam, decide
from tickets.application.changes.draw import Scene
from tickets.application.desk.compiled import CompiledDesk
from tickets.domain.errors import Refused
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Happened, Ticket
from tickets.domain.words import PRIORITIES, Priority


def carry_out(
    actions: Mapping[str, str],
    change: Change,
    desk: CompiledDesk,
    pinned: facts.Pinned,
    new_id: Callable[[], UUID],
    actor: str,
) -> tuple[Change, list[Escalation]]:
    """The change with what levels add to it, and what becomes due by that."""
    due: list[Escalation] = []
    for command in _commands(actions, change.after, desk):
        scene = Scene(
            ticket=change.after,
            pinned=pinned,
            actor=actor,
            now=change.now,
            chosen=lambda moved: facts.pin_terms(moved, desk),
            new_id=new_id,
            within=desk.within(change.after.team),
        )
        try:
            more, escalations = decide(command, scene)
        except Refused as refused:
            change = _failed(change, command, str(refused), actor)
            continue
        due += escalations
        if more.after.terms_id != pinned.id:
            pinned = facts.pin_terms(more.after, desk)
        change = _joined(change, more)
    return change, due


def _commands(actions: Mapping[str, str], ticket: Ticket, desk: CompiledDesk) -> Iterator[Command]:
    if (raised := actions.get("raise_priority")) is not None:
        priority = msgspec.convert(raised, Priority)
        if PRIORITIES.index(priority) > PRIORITIES.index(ticket.priority):
            yield SetPriority(priority)
    if (team := actions.get("team")) in desk.desk.teams:  # one that is retired by now takes nothing
        holder = desk.desk.agents.get(ticket.assignee or "")
        yield SetTeam(team or "", keeps=holder is not None and team in holder.teams)
    if (note := actions.get("note")) is not None:
        yield Say(kind="internal_note", text=note, automatic=True)


def _joined(change: Change, more: Change) -> Change:
    """Two changes as one: the ticket moves on by one epoch whatever is done to it."""
    capacity = Counter(change.capacity)
    capacity.update(more.capacity)
    return replace(
        change,
        after=replace(more.after, epoch=change.after.epoch),
        happened=change.happened + more.happened,
        messages=change.messages + more.messages,
        outgoing=change.outgoing + more.outgoing,
        offer=more.offer or change.offer,
        capacity=dict(capacity),
    )


def _failed(change: Change, command: Command, why: str, actor: str) -> Change:
    line = Happened(
        type="escalation.action_failed",
        actor=actor,
        occurred_at=change.now,
        detected_at=change.now,
        data={"action": type(command).__name__, "reason": why},
    )
    return replace(change, happened=(*change.happened, line))
