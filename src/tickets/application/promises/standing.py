"""A ticket's promises as they stand at an instant, and what comes next if nothing intervenes."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from msgspec import Struct

import sla
from tickets.application.facts import Pinned, clocks_of
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant

MOST_AHEAD = 100
"""How far ahead is looked, in instants. Levels and their repeats come to an end long before."""


class Ahead(Struct, frozen=True, kw_only=True):
    """Something that will be said of a clock: `at_risk`, `breached`, or a level's `escalation_due`.

    `repeat` is 0 for a level's first firing; `covers` are lower levels it will speak for too.
    """

    at: Instant
    event: str
    level: str | None = None
    repeat: int = 0
    covers: tuple[str, ...] = ()


class Standing(Struct, frozen=True, kw_only=True):
    """One clock at an instant; `budget`, `used` and `left` are open time in ISO 8601.

    `left` is negative once the budget is overdrawn. `policy_version` and `calendar` are those that a clock
    which has not ended runs on. `counting`: opening hours are counted now. `due_at` is null while the clock
    is paused.
    """

    metric: str
    cycle: int
    policy: str
    policy_version: int | None
    calendar: str | None
    state: str
    counting: bool
    started_at: Instant
    budget: str
    used: str
    left: str
    due_at: Instant | None
    at_risk_at: Instant | None
    breached_at: Instant | None
    acknowledged_at: Instant | None
    ended_at: Instant | None
    next: tuple[Ahead, ...]


class PromisesView(Struct, frozen=True, kw_only=True):
    """A ticket's promises as of an instant: every clock it ever had, oldest first."""

    ticket: UUID
    as_of: Instant
    status: str
    due_at: Instant | None
    next_at: Instant | None
    clocks: tuple[Standing, ...]


def promises_of(ticket: Ticket, pinned: Pinned, now: datetime) -> PromisesView:
    """How the promises stand at `now`, also what nobody has noticed yet."""
    outcome = sla.apply(sla.TimePassed(now), clocks_of(ticket), pinned.terms, now)
    running = [clock.due_at for clock in outcome.clocks if clock.state == "running" and clock.due_at]
    return PromisesView(
        ticket=ticket.id,
        as_of=now,
        status=ticket.status,
        due_at=min(running, default=None),
        next_at=outcome.next_instant,
        clocks=standings(outcome, pinned.terms, now),
    )


def standings(outcome: sla.Outcome, terms: sla.Terms, now: datetime) -> tuple[Standing, ...]:
    """Every clock of an outcome, as of `now`."""
    to_come: dict[tuple[str, int], list[Ahead]] = {}
    for event in events_ahead(outcome, terms):
        to_come.setdefault((event.metric, event.cycle), []).append(_ahead(event))
    return tuple(
        _standing(clock, terms.of(clock.metric), now, tuple(to_come.get((clock.metric, clock.cycle), ())))
        for clock in outcome.clocks
    )


def events_ahead(outcome: sla.Outcome, terms: sla.Terms) -> Iterator[sla.Event]:
    """What the engine will say if nothing happens but time, in order."""
    for _ in range(MOST_AHEAD):
        instant = outcome.next_instant
        if instant is None:
            return
        outcome = sla.apply(sla.TimePassed(instant), outcome.clocks, terms, instant)
        yield from outcome.events


def _ahead(event: sla.Event) -> Ahead:
    return Ahead(
        at=event.occurred_at,
        event=event.type,
        level=event.level,
        repeat=event.repeat,
        covers=event.covers,
    )


def _standing(
    clock: sla.Clock, promise: sla.Promise | None, now: datetime, to_come: tuple[Ahead, ...]
) -> Standing:
    live = promise if clock.is_live else None
    used = clock.used_at(now, live.hours) if live else clock.used
    return Standing(
        metric=clock.metric,
        cycle=clock.cycle,
        policy=clock.policy,
        policy_version=None if live is None else live.policy_version,
        calendar=None if live is None else live.calendar,
        state=clock.state,
        counting=clock.since is not None,
        started_at=clock.started_at,
        budget=sla.time_text(clock.budget),
        used=sla.time_text(used),
        left=sla.time_text(clock.budget - used),
        due_at=clock.due_at,
        at_risk_at=clock.at_risk_at,
        breached_at=clock.breached_at,
        acknowledged_at=clock.acknowledged_at,
        ended_at=clock.ended_at,
        next=to_come,
    )
