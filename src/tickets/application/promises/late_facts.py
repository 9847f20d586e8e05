"""What a fact that is told late makes of a ticket's promises."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec import Raw, Struct

import sla
from tickets.application import facts
from tickets.application.facts import Pinned
from tickets.application.promises.history import Line, signals_of
from tickets.domain.errors import Refused
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Happened, Ticket

LateKind = Literal["agent_replied", "customer_replied", "call_answered", "call_missed"]
"""What may be told late: who spoke to whom. A ticket's status is on record; terms never reach back."""


class LateFact(Struct, frozen=True, kw_only=True):
    """Something that happened at `occurred_at`; `note` is why it is told only now."""

    type: LateKind
    occurred_at: datetime
    note: str = ""


class Level(NamedTuple):
    """A level whose alerts are taken back, from a repeat on."""

    metric: str
    cycle: int
    level: str
    repeat: int


class Amendment(Struct, frozen=True, kw_only=True):
    """The ticket as it should have been, the record of what changed, whom to call, and what to take back."""

    ticket: Ticket
    happened: tuple[Happened, ...]
    escalations: tuple[Escalation, ...]
    withdrawn: tuple[Level, ...]


def amendment(
    ticket: Ticket,
    lines: Sequence[Line],
    first: Pinned,
    pinned: Pinned,
    fact: LateFact,
    actor: str,
    now: datetime,
) -> Amendment:
    """Put a fact into its place. `lines` are the ticket's history, `first` the terms it began on.

    Raises:
        Refused: the fact lies in the future, or before the ticket was opened.
    """
    signal = msgspec.convert({"type": fact.type, "at": fact.occurred_at}, sla.Signal)
    try:
        amended = sla.amend(signals_of(lines), signal, facts.clocks_of(ticket), first.terms, now)
    except sla.InstantError as error:
        raise Refused(f"the fact {error.faults[0].message}") from error
    record: dict[str, object] = {
        "fact": fact.type,
        "note": fact.note,
        "changed": [_changed(change) for change in amended.changed],
        "withdrawn": [_withdrawn(event) for event in amended.withdrawn],
    }
    told = Happened(
        type="told_late",
        actor=actor,
        occurred_at=fact.occurred_at,
        detected_at=now,
        signal=Raw(msgspec.json.encode(signal)),
        data=record,
    )
    return Amendment(
        ticket=facts.with_clocks(ticket, amended.clocks, amended.next_instant),
        happened=(told, *(facts.line_of(event, now) for event in amended.events)),
        escalations=facts.escalations_of(amended.events, pinned),
        withdrawn=tuple(
            Level(event.metric, event.cycle, event.level, event.repeat)
            for event in amended.withdrawn
            if event.level is not None
        ),
    )


def _changed(change: sla.Changed) -> dict[str, object]:
    return {
        "metric": change.metric,
        "cycle": change.cycle,
        "before": _gist(change.before),
        "after": _gist(change.after),
    }


def _gist(clock: sla.Clock | None) -> dict[str, object] | None:
    if clock is None:
        return None
    return {
        "state": clock.state,
        "due_at": clock.due_at,
        "breached_at": clock.breached_at,
        "ended_at": clock.ended_at,
    }


def _withdrawn(event: sla.Event) -> dict[str, object]:
    gist: dict[str, object] = {
        "event": f"sla.{event.type}",
        "metric": event.metric,
        "cycle": event.cycle,
        "occurred_at": event.occurred_at,
    }
    return gist if event.level is None else gist | {"level": event.level, "repeat": event.repeat}
