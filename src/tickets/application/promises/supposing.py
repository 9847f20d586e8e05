"""A ticket's promises as they would have been under another desk: its real history, on other terms.

Everything that happened stays as it was: who replied when, in which status. Only what was promised differs.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

import sla
from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import Pinned
from tickets.application.promises.history import Line, signals_of
from tickets.domain.draft import FieldValue
from tickets.domain.ticket import Ticket


class Fate(NamedTuple):
    """One clock cycle: its verdict (True for met, None for none yet), and where it is due or broke."""

    met: bool | None
    due_at: datetime | None


class Compared(NamedTuple):
    """A clock cycle as it was and as it would have been; None where there is no such cycle."""

    metric: str
    was: Fate | None
    would_be: Fate | None

    @property
    def shift(self) -> timedelta | None:
        """How much later it would have been due."""
        if self.was is None or self.would_be is None or not self.was.due_at or not self.would_be.due_at:
            return None
        return self.would_be.due_at - self.was.due_at


def suppose(
    ticket: Ticket, lines: Sequence[Line], first: Pinned, desk: CompiledDesk, now: datetime
) -> Iterator[Compared]:
    """Every clock cycle of a ticket, as it is at `now` and as it would be had `desk` promised from the start.

    Args:
        ticket: as it is now.
        lines: its whole history.
        first: the terms it began on.
        desk: the one supposed.
        now: until when both are followed.
    """
    told = [(line, next(signals_of([line]), None)) for line in lines if line.occurred_at <= now]
    was = _fates([signal for _, signal in told if signal], now, first.terms)
    supposed = _Supposed(as_opened(ticket, lines), desk)
    would_be = _fates(list(supposed.signals(told)), now, supposed.first)
    for metric, cycle in sorted(was.keys() | would_be.keys()):
        yield Compared(metric, was.get((metric, cycle)), would_be.get((metric, cycle)))


def as_opened(ticket: Ticket, lines: Sequence[Line]) -> Ticket:
    """The ticket with the facts it was opened with: every change of one is taken back, latest first."""
    for line in reversed(lines):
        ticket = _with(ticket, line, "before")
    return ticket


class _Supposed:
    """A ticket's facts as they went, and the terms another desk would have given for them."""

    def __init__(self, opened: Ticket, desk: CompiledDesk) -> None:
        self.ticket = opened
        self.desk = desk
        self.first = self.terms = self._chosen()

    def signals(self, told: Iterable[tuple[Line, sla.Signal | None]]) -> Iterator[sla.Signal]:
        """What the engine would have been told: all it was told, but with the other desk's terms."""
        for line, signal in told:
            if signal is not None and not isinstance(signal, sla.TermsChanged):
                yield signal
            ticket, self.ticket = self.ticket, _with(self.ticket, line, "after")
            if self.ticket is not ticket and (terms := self._chosen()) != self.terms:
                self.terms = terms
                yield sla.TermsChanged(line.occurred_at, terms)

    def _chosen(self) -> sla.Terms:
        return self.desk.choose_terms(facts.facts_of(self.ticket, self.desk))


class _Changed(Struct, frozen=True):
    before: str | None = None
    after: str | None = None


class _Retagged(Struct, frozen=True):
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


class _Refilled(Struct, frozen=True):
    fields: dict[str, dict[str, FieldValue]] = {}


_changed = msgspec.json.Decoder(_Changed).decode
_retagged = msgspec.json.Decoder(_Retagged).decode
_refilled = msgspec.json.Decoder(_Refilled).decode
_FACTS: dict[str, str] = {
    "customer": "customer_id",
    **{
        name: name for name in ("priority", "team", "region", "language", "customer_tier", "customer_segment")
    },
}
"""By the fact's name in the history, the field of a ticket that holds it."""


def _with(ticket: Ticket, line: Line, side: Literal["before", "after"]) -> Ticket:
    """The ticket with one side of a change of a fact, if the line is one."""
    fact = line.type.removesuffix("_changed")
    if fact == "tags":
        return _with_tags(ticket, line, side)
    if fact == "fields":
        return _with_fields(ticket, line, side)
    if fact not in _FACTS or fact == line.type:
        return ticket
    value = getattr(_changed(line.data), side)
    return replace(ticket, **{_FACTS[fact]: UUID(value) if fact == "customer" else value})


def _with_tags(ticket: Ticket, line: Line, side: Literal["before", "after"]) -> Ticket:
    said = _retagged(line.data)
    come, gone = (said.added, said.removed) if side == "after" else (said.removed, said.added)
    return replace(ticket, tags=(*(tag for tag in ticket.tags if tag not in gone), *come))


def _with_fields(ticket: Ticket, line: Line, side: Literal["before", "after"]) -> Ticket:
    said = _refilled(line.data).fields
    kept = {name: answer for name, answer in ticket.fields.items() if name not in said}
    return replace(ticket, fields={**kept, **{n: sides[side] for n, sides in said.items() if side in sides}})


def _fates(
    history: Sequence[sla.Signal], until: datetime, first: sla.Terms
) -> dict[tuple[sla.Metric, int], Fate]:
    clocks = sla.replay([*history, sla.TimePassed(until)], first).clocks
    return {(clock.metric, clock.cycle): _fate(clock) for clock in clocks}


def _fate(clock: sla.Clock) -> Fate:
    if clock.breached_at is not None:
        return Fate(met=False, due_at=clock.breached_at)
    return Fate(met=True if clock.state == "met" else None, due_at=clock.due_at)
