"""A ticket's whole history: run it, and put in its place a fact that was told late.

Verdicts come from the history alone, so a late-told fact changes them as if it had been told in time, a
breach included: law 9 holds a breach against new rules, not against better knowledge. What was said before
and is not true any more is not forgotten either: it is named, for the record.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from msgspec import Struct

from sla.clock import Clock, Clocks, Firing
from sla.engine import Outcome, apply
from sla.errors import Fault, InstantError, SlaError
from sla.escalation import event_of
from sla.events import Event
from sla.metrics import Metric
from sla.signals import Opened, Signal, TermsChanged, TimePassed
from sla.terms import Terms


class Changed(Struct, frozen=True):
    """A clock as it was believed to be, and as it is; None where there is no such clock."""

    metric: Metric
    cycle: int
    before: Clock | None
    after: Clock | None


class Amended(Struct, frozen=True, kw_only=True):
    """What a late-told fact came to.

    Attributes:
        clocks: to be stored instead of the old ones.
        events: true now and not said before, in the order in which they occurred. Pages only for clocks that
            still count: nobody is called out for what is over.
        withdrawn: said before and not true any more. A page names one level, and as `repeat` the first firing
            of it that is taken back.
        changed: the clocks that are other than they were, in the order in which they began.
        next_instant: as of `Outcome`.
    """

    clocks: Clocks
    events: tuple[Event, ...]
    withdrawn: tuple[Event, ...]
    changed: tuple[Changed, ...]
    next_instant: datetime | None


def replay(history: Iterable[Signal], terms: Terms) -> Outcome:
    """Run a whole history, in order of `at`, from the ticket's first terms; the events are all there were.

    Raises:
        InstantError: an instant without a zone.
    """
    clocks, events, next_instant = Clocks(), list[Event](), None
    for signal in sorted(history, key=_at):
        outcome = apply(signal, clocks, terms, signal.at)
        clocks, next_instant = outcome.clocks, outcome.next_instant
        events += outcome.events
        terms = signal.terms if isinstance(signal, TermsChanged) else terms
    return Outcome(clocks, tuple(events), next_instant)


def amend(history: Iterable[Signal], fact: Signal, clocks: Clocks, terms: Terms, now: datetime) -> Amended:
    """Put a late-told fact into its place in the history and say what that changes.

    Keep the fact in the history, at its own instant; any later `replay` then gives the same clocks.

    Args:
        history: everything told so far, in the order in which it was told.
        fact: what is told only now; among facts of the same instant it comes last.
        clocks: as they were before it was told.
        terms: the ticket's first.
        now: the present; the amended story is told until here.

    Raises:
        InstantError: the fact lies after `now` or before the ticket was opened, or has no zone.
        SlaError: the fact is other terms, or an opening: new rules do not reach back (law 9).
    """
    told = list(history)
    _check(fact, told, now)
    said = _said(told, clocks, terms).events
    believed = replay([*told, TimePassed(now)], terms).clocks
    after = replay([*told, fact, TimePassed(now)], terms)
    fresh, stale = _pages(clocks, after.clocks)
    return Amended(
        clocks=after.clocks,
        events=_in_order([*_without(after.events, said), *fresh]),
        withdrawn=_in_order([*_without(said, after.events), *stale]),
        changed=tuple(_changed(believed, after.clocks)),
        next_instant=after.next_instant,
    )


def _said(told: list[Signal], clocks: Clocks, terms: Terms) -> Outcome:
    """What was said by the time of these clocks; of their last instant only what they had noticed."""
    so_far = replay(told, terms)
    if so_far.clocks == clocks or clocks.seen_at is None:
        return so_far
    return replay([*told, TimePassed(clocks.seen_at)], terms)


def _check(fact: Signal, told: list[Signal], now: datetime) -> None:
    if isinstance(fact, TermsChanged | Opened | TimePassed):
        raise SlaError(Fault("/type", "terms, an opening and passing time cannot be told late"))
    if fact.at.tzinfo is None or now.tzinfo is None:
        raise InstantError(Fault("/at", "signals and now need aware instants"))
    if fact.at > now:
        raise InstantError(Fault("/at", "lies in the future"))
    if not any(isinstance(signal, Opened) and signal.at <= fact.at for signal in told):
        raise InstantError(Fault("/at", "lies before the ticket was opened"))


def _without(events: Iterable[Event], others: Iterable[Event]) -> Iterator[Event]:
    """What only the first ones say, pages aside: how those are bundled depends on who looked when."""
    left = Counter(others)
    for event in events:
        if event.type == "escalation_due":
            continue
        if left[event]:
            left[event] -= 1
        else:
            yield event


def _pages(before: Clocks, after: Clocks) -> tuple[list[Event], list[Event]]:
    """What each clock that still counts has new to say, and every level that fired too often."""
    heard: dict[tuple[Metric, int], dict[str, Firing]] = {}
    stale: list[Event] = []
    for clock in before:
        heir = _heir(clock, after)
        stale += _taken_back(clock, heir.fired if heir else {})
        if heir:
            heard.setdefault((heir.metric, heir.cycle), {}).update(clock.fired)
    live = [clock for clock in after if clock.is_live]
    fresh = [page for clock in live for page in _page(clock, heard.get((clock.metric, clock.cycle), {}))]
    return fresh, stale


def _page(clock: Clock, heard: Mapping[str, Firing]) -> Iterator[Event]:
    """The highest level that fired unheard, for all of them."""
    unheard = [
        (firing.at, name)
        for name, firing in clock.fired.items()
        if name not in heard or heard[name].times < firing.times
    ]
    if unheard:
        names = [name for _, name in sorted(unheard, key=_first)]
        top = clock.fired[names[-1]]
        yield event_of(
            "escalation_due",
            clock,
            top.at,
            level=names[-1],
            repeat=top.times - 1,
            covers=tuple(names[:-1]),
        )


def _taken_back(clock: Clock, true: Mapping[str, Firing]) -> Iterator[Event]:
    for name, firing in clock.fired.items():
        times = true[name].times if name in true else 0
        if firing.times > times:
            yield event_of("escalation_due", clock, firing.at, level=name, repeat=times)


def _changed(before: Clocks, after: Clocks) -> Iterator[Changed]:
    inherited = set()
    for clock in before:
        heir = _heir(clock, after)
        if heir is not None:
            inherited.add((heir.metric, heir.cycle))
        if heir != clock:
            yield Changed(clock.metric, clock.cycle, clock, heir)
    for clock in after:
        if (clock.metric, clock.cycle) not in inherited:
            yield Changed(clock.metric, clock.cycle, None, clock)


def _heir(clock: Clock, after: Clocks) -> Clock | None:
    """The clock that measures the same debt in another story: the one alive when this one began."""
    alive = [
        other
        for other in after
        if other.metric == clock.metric
        and other.started_at <= clock.started_at
        and (other.ended_at is None or other.ended_at >= clock.started_at)
    ]
    return min(
        alive,
        key=lambda other: (clock.started_at - other.started_at, abs(other.cycle - clock.cycle)),
        default=None,
    )


def _in_order(events: list[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: event.occurred_at))


def _at(signal: Signal) -> datetime:
    return signal.at


def _first(pair: tuple[datetime, str]) -> datetime:
    return pair[0]
