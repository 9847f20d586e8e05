"""Why a due instant is what it is: which policy and why, and what every minute of a clock's life was."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

import sla
from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.facts import Pinned
from tickets.application.promises.history import Line, signals_of
from tickets.application.promises.standing import Standing, standings
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant


class WhyPolicy(Struct, frozen=True, kw_only=True):
    """Why one policy gives, or does not give, the promise for one metric; in the order they were asked."""

    metric: str
    policy: str
    version: int
    chosen: bool
    why: str


class Choice(Struct, frozen=True, kw_only=True):
    """How the terms came about: the desk as it stood `at` the instant they were chosen.

    `holds` is whether asking that desk again gives the very terms the ticket runs on. It is false when the
    ticket's facts have changed since without new terms being chosen; the reasons are then of today's facts.
    """

    at: Instant
    holds: bool
    reasons: tuple[WhyPolicy, ...]


class StretchView(Struct, frozen=True, kw_only=True):
    """A half-open stretch of a clock's life: `counted`, `closed` or `paused`.

    `why` is the calendar's key, or for a pause the status. `length` is real time in ISO 8601.
    """

    start: Instant
    end: Instant
    kind: str
    why: str
    length: str


class Accounted(Struct, frozen=True, kw_only=True):
    """One clock and all its stretches, without a gap; the lengths of the counted ones sum to `clock.used`."""

    clock: Standing
    stretches: tuple[StretchView, ...]


class ExplanationView(Struct, frozen=True, kw_only=True):
    """Why a ticket's promises are what they are, as of an instant."""

    ticket: UUID
    as_of: Instant
    choice: Choice
    clocks: tuple[Accounted, ...]


def explained(
    ticket: Ticket, first: Pinned, pinned: Pinned, lines: Sequence[Line], choice: Choice, now: datetime
) -> ExplanationView:
    """Account for every clock from its start to its end or to `now`. `first` are the terms it began on."""
    history = [*signals_of(lines), sla.TimePassed(now)]
    outcome = sla.replay(history, first.terms)
    clocks = {(clock.metric, clock.cycle): clock for clock in standings(outcome, pinned.terms, now)}
    accounted = tuple(
        Accounted(
            clock=clocks[found.clock.metric, found.clock.cycle],
            stretches=tuple(_stretch(stretch) for stretch in found.stretches),
        )
        for found in sla.explain(history, first.terms)
    )
    return ExplanationView(ticket=ticket.id, as_of=now, choice=choice, clocks=accounted)


def choice_of(ticket: Ticket, pinned: Pinned, desk: CompiledDesk, at: datetime) -> Choice:
    """Why the ticket runs on its terms. `desk` is the desk as it stood `at`, when they were chosen."""
    asked = desk.explain_terms(facts.facts_of(ticket, desk))
    return Choice(at=at, holds=facts.pin(asked.terms).id == pinned.id, reasons=reasons_of(asked))


def reasons_of(choice: sla.Choice) -> tuple[WhyPolicy, ...]:
    """The engine's reasons, as shown."""
    return tuple(
        WhyPolicy(
            metric=reason.metric,
            policy=reason.policy,
            version=reason.version,
            chosen=reason.chosen,
            why=reason.why,
        )
        for reason in choice.reasons
    )


def _stretch(stretch: sla.Stretch) -> StretchView:
    return StretchView(
        start=stretch.start,
        end=stretch.end,
        kind=stretch.kind,
        why=stretch.why,
        length=sla.time_text(stretch.end - stretch.start),
    )
