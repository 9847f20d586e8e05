"""Why this due instant: every stretch of a clock's life that counted, was closed, or was paused."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Literal

from msgspec import Struct

from sla.clock import Clock, Clocks
from sla.engine import apply
from sla.escalation import Coming, coming
from sla.metrics import Metric
from sla.signals import Signal, TermsChanged
from sla.terms import Promise, Terms

Kind = Literal["counted", "closed", "paused"]


class Stretch(Struct, frozen=True):
    """A half-open stretch [start, end) of one kind.

    Attributes:
        why: the calendar's key when counted or closed; the status, or "not promised", when paused.
    """

    start: datetime
    end: datetime
    kind: Kind
    why: str


class Explanation(Struct, frozen=True):
    """One cycle of one clock, accounted for from its start to its end or to the end of the history.

    Attributes:
        stretches: in order and without a gap; the counted ones sum to the time used.
        levels: escalation levels still to fire if nothing intervenes, soonest first.
    """

    clock: Clock
    stretches: tuple[Stretch, ...]
    levels: tuple[Coming, ...]


def explain(history: Iterable[Signal], terms: Terms) -> tuple[Explanation, ...]:
    """Account for every cycle by replaying the history.

    End the history with `TimePassed` to account until then.
    """
    clocks, account = Clocks(), dict[tuple[Metric, int], list[Stretch]]()
    for signal in sorted(history, key=lambda signal: signal.at):
        after = apply(signal, clocks, terms, signal.at).clocks
        for old, new in zip(clocks.each, after.each, strict=False):
            stretches = account.setdefault((old.metric, old.cycle), [])
            stretches += _between(old, new, terms.of(old.metric), clocks, signal.at)
        clocks = after
        terms = signal.terms if isinstance(signal, TermsChanged) else terms
    return tuple(
        Explanation(
            clock, _joined(account.get((clock.metric, clock.cycle), []), clock), _levels(clock, terms)
        )
        for clock in clocks
    )


def _between(
    old: Clock, new: Clock, promise: Promise | None, clocks: Clocks, until: datetime
) -> Iterator[Stretch]:
    """Account for one clock between two signals."""
    start = clocks.seen_at or until
    if old.ended_at is not None:
        if new.is_live:
            dropped = promise is None or old.state == "cancelled"
            yield Stretch(old.ended_at, until, "paused", "not promised" if dropped else clocks.status)
    elif old.since is None or promise is None:
        yield Stretch(start, until, "paused", clocks.status)
    else:
        rest = start
        for opened, closed in promise.hours.open_periods(start, until):
            yield Stretch(rest, opened, "closed", promise.calendar)
            yield Stretch(opened, closed, "counted", promise.calendar)
            rest = closed
        yield Stretch(rest, until, "closed", promise.calendar)


def _joined(stretches: list[Stretch], clock: Clock) -> tuple[Stretch, ...]:
    """Drop empty ones and those before a restart, and make neighbours of one kind one."""
    joined: list[Stretch] = []
    for stretch in stretches:
        if stretch.start == stretch.end or stretch.end <= clock.started_at:
            continue
        last = joined[-1] if joined else None
        if last and (last.end, last.kind, last.why) == (stretch.start, stretch.kind, stretch.why):
            joined[-1] = Stretch(last.start, stretch.end, stretch.kind, stretch.why)
        else:
            joined.append(stretch)
    return tuple(joined)


def _levels(clock: Clock, terms: Terms) -> tuple[Coming, ...]:
    promise = terms.of(clock.metric)
    return coming(clock, promise) if promise is not None else ()
