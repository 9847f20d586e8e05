"""A ticket's life walked through signal by signal, and what can be read from it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from tests.sla.naive_engine import Verdict

from sla import Clock, Clocks, Event, Outcome, Signal, Terms, TermsChanged, TimePassed, apply


class Walk:
    """A ticket's life lived signal by signal."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.clocks = Clocks()
        self.events: list[Event] = []
        self.next_instant: datetime | None = None

    def take(self, signal: Signal) -> Outcome:
        outcome = apply(signal, self.clocks, self.terms, signal.at)
        self.clocks, self.next_instant = outcome.clocks, outcome.next_instant
        self.events += outcome.events
        self.terms = signal.terms if isinstance(signal, TermsChanged) else self.terms
        return outcome

    def poll_until(self, at: datetime) -> None:
        """Look exactly when there is something to see."""
        while self.next_instant is not None and self.next_instant <= at:
            outcome = self.take(TimePassed(self.next_instant))
            assert outcome.events, "woken for nothing"


def stopped(clocks: Clocks, terms: Terms) -> list[Verdict]:
    """The verdicts with the time that live clocks used so far."""
    return [
        Verdict(c.metric, c.cycle, c.state, used_by(c, clocks, terms), c.breached_at, c.ended_at)
        for c in clocks
    ]


def used_by(clock: Clock, clocks: Clocks, terms: Terms) -> timedelta:
    promise = terms.of(clock.metric)
    assert clocks.seen_at
    return clock.used if promise is None else clock.used_at(clocks.seen_at, promise.hours)


def last_terms(history: Sequence[Signal], first: Terms) -> Terms:
    return next((s.terms for s in reversed(history) if isinstance(s, TermsChanged)), first)


def facts(events: Iterable[Event]) -> list[Event]:
    """Everything but the pages, which an outage may bundle."""
    return sorted((e for e in events if e.type != "escalation_due"), key=msgspec.json.encode)


def fired(events: Iterable[Event]) -> set[tuple[str, int, str]]:
    """Every level of every cycle that fired or was covered."""
    pages = [e for e in events if e.type == "escalation_due"]
    return {(e.metric, e.cycle, level) for e in pages for level in (e.level or "", *e.covers)}
