"""The one entry: a signal, or passing time, in; clocks, events and the next instant out. A pure function.

`apply` first lets time pass until the signal, so that whatever came due before it is said as if it had been
noticed in time; then the signal moves the clocks as the table of metrics says; then the status decides which
of them count. The verdicts depend on the signals and their instants alone, however often or seldom time was
looked at.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from sla.clock import Clock, Clocks, begun, ended, held, moved, resumed
from sla.errors import Fault, InstantError, SlaError
from sla.escalation import armed, passed
from sla.events import Event, EventType
from sla.metrics import MEASURES, METRICS, MOVED_BY, Measure, Metric
from sla.signals import (
    Acknowledged,
    Cancelled,
    Closed,
    Opened,
    Reopened,
    Signal,
    Solved,
    StatusChanged,
    TermsChanged,
    TimePassed,
)
from sla.terms import Promise, Terms

AT_REST = frozenset({"", "solved", "closed", "cancelled"})
"""Statuses in which no new debt arises and nothing that is still owed counts."""


class Outcome(Struct, frozen=True):
    """What became of a ticket's clocks.

    Attributes:
        clocks: to be stored, and handed in next time.
        events: in the order in which they occurred.
        next_instant: earliest instant at which `TimePassed` would say something new; None when never.
    """

    clocks: Clocks
    events: tuple[Event, ...]
    next_instant: datetime | None


def apply(signal: Signal, clocks: Clocks, terms: Terms, now: datetime) -> Outcome:
    """Move a ticket's clocks by one signal.

    A signal is not believed to come from the future: it counts at `now` at the latest. Nor is one put before
    what was already seen: it counts at `clocks.seen_at` at the earliest. To count a late-told fact at its own
    time, `replay` the history that holds it.

    Args:
        signal: what happened; `signal.at` may lie before `now`.
        clocks: as the last outcome left them, `Clocks()` for a new ticket.
        terms: those the ticket has been running on; `TermsChanged` brings the next.
        now: the present; nothing is said about instants after it.

    Raises:
        InstantError: `signal.at` or `now` has no zone.
        SlaError: a live clock has no promise in `terms`.
    """
    if signal.at.tzinfo is None or now.tzinfo is None:
        raise InstantError(Fault("", "signals and now need aware instants"))
    at = min(signal.at, now)
    if clocks.seen_at is not None and clocks.seen_at > at:
        at = clocks.seen_at
    turn = _Turn(clocks, terms, at)
    turn.take(signal)
    return turn.outcome()


class _Turn:
    """One signal's turn at the clocks."""

    def __init__(self, clocks: Clocks, terms: Terms, at: datetime) -> None:
        self.each = list(clocks.each)
        self.place = {clock.metric: n for n, clock in enumerate(clocks.each)}
        self.owed = dict(clocks.owed)
        self.status = clocks.status
        self.solved_at = clocks.solved_at
        self.promises: dict[Metric, Promise] = {promise.metric: promise for promise in terms.promises}
        self.at = at
        self.events: list[Event] = []

    def outcome(self) -> Outcome:
        """Put down what the turn came to."""
        clocks = Clocks(tuple(self.each), self.owed, self.status, self.solved_at, self.at)
        instants = [clock.next_at for clock in self.each if clock.next_at is not None]
        return Outcome(clocks, tuple(self.events), min(instants, default=None))

    def take(self, signal: Signal) -> None:
        """Let time pass until the signal, then do what it says."""
        self._pass_time()
        if isinstance(signal, TimePassed):
            return
        signal = _plain(signal, self.status)
        if isinstance(signal, Acknowledged):
            self._acknowledge(signal.metric)
        elif isinstance(signal, TermsChanged):
            self._change_terms(signal.terms)
        else:
            self._settle(signal)
        self._hold_or_resume()

    def _pass_time(self) -> None:
        for n, clock in enumerate(self.each):
            if clock.next_at is not None and clock.next_at <= self.at:
                promise = self._promise(clock.metric)
                moved_on, events = passed(clock, promise, self.at)
                self.each[n] = armed(moved_on, promise)
                self.events += events
        self.events.sort(key=_occurred)

    def _settle(self, signal: Signal) -> None:
        """Pay, drop and begin debts as the table of metrics says."""
        if isinstance(signal, Opened | Reopened | StatusChanged):
            self.status = signal.status
        self.status = _RESTING.get(type(signal), self.status)
        if self.status != "solved":
            self.solved_at = None
        elif self.solved_at is None:
            self.solved_at = self.at
        name = str(type(signal).__struct_config__.tag)
        if name == "opened":
            self._announce()
        for metric, measure in MOVED_BY.get(name, ()):
            if metric in self.owed and (name in measure.meets or name in measure.drops):
                del self.owed[metric]
                self._end(metric, met=name in measure.meets)
            if name in measure.starts and metric not in self.owed and self._may_begin(measure):
                self._begin(metric, reopened=name == "reopened")

    def _may_begin(self, measure: Measure) -> bool:
        return self.status not in AT_REST and (measure.overtakes or "first_response" not in self.owed)

    def _announce(self) -> None:
        for promise in self.promises.values():
            self._say("applied", promise)

    def _begin(self, metric: Metric, *, reopened: bool) -> None:
        promise, last = self.promises.get(metric), self._latest(metric)
        if reopened and promise is not None and last is not None:
            if promise.on_reopen == "ignore":
                return
            if promise.on_reopen == "resume" and MEASURES[metric].resumes:
                self.owed[metric] = last.started_at
                self._adopt(last, None, promise, "resumed")
                return
        self.owed[metric] = self.at
        if promise is not None:
            self._start(promise)

    def _start(self, promise: Promise) -> None:
        last = self._latest(promise.metric)
        clock = begun(promise, last.cycle + 1 if last else 1, self.at)
        self.place[promise.metric] = len(self.each)
        self.each.append(clock)
        self._put(clock, promise, "activated")

    def _end(self, metric: Metric, *, met: bool) -> None:
        clock = self._latest(metric)
        if clock is None or not clock.is_live:
            return
        promise = self._promise(metric)
        clock = ended(clock, self.at, promise.hours, "met" if met else "cancelled")
        self.each[self.place[metric]] = clock
        self._say(
            "fulfilled" if met else "cancelled",
            promise,
            clock,
            late=clock.state == "breached" if met else None,
        )

    def _resume(self, clock: Clock, promise: Promise) -> None:
        self._put(resumed(clock, self.at, promise.hours), promise, "resumed")

    def _acknowledge(self, metric: Metric) -> None:
        clock = self._latest(metric)
        if clock is not None and clock.is_live and clock.acknowledged_at is None:
            promise = self._promise(metric)
            self.each[self.place[metric]] = armed(replace(clock, acknowledged_at=self.at), promise)

    def _change_terms(self, terms: Terms) -> None:
        before = self.promises
        for metric in METRICS:
            old, new = before.get(metric), terms.of(metric)
            clock = self._latest(metric)
            live = clock is not None and clock.is_live
            if new is None:
                if live:
                    self._end(metric, met=False)
                continue
            if old is None:
                self._say("applied", new)
            if live and clock is not None:
                if old != new:
                    self._adopt(clock, self._promise(metric), new, "updated")
            elif metric in self.owed:
                self._take_up(clock, new)
        self.promises = {promise.metric: promise for promise in terms.promises}

    def _take_up(self, last: Clock | None, promise: Promise) -> None:
        """Promise what is owed already: from now, or from where an earlier promise of it was dropped."""
        if last is not None and last.started_at >= self.owed[promise.metric]:
            self._adopt(last, None, promise, "resumed")
        else:
            self._start(promise)

    def _adopt(self, clock: Clock, old: Promise | None, new: Promise, event: EventType) -> None:
        was_broken = clock.breached_at is not None
        clock = moved(clock, old, new, self.at)
        self._put(clock if old else resumed(clock, self.at, new.hours), new, event)
        clock = self.each[self.place[clock.metric]]
        if clock.breached_at is None or was_broken:
            return
        self._say("breached", new, clock)
        if not self._pauses(new):
            clock, events = passed(clock, new, self.at)
            self.each[self.place[clock.metric]] = armed(clock, new)
            self.events += events

    def _hold_or_resume(self) -> None:
        """Let the status say which live clocks count."""
        for metric, n in self.place.items():
            clock = self.each[n]
            if not clock.is_live:
                continue
            promise = self._promise(metric)
            paused = self._pauses(promise)
            if paused and clock.since is not None:
                self._put(held(clock, self.at, promise.hours), promise, "paused")
            elif not paused and clock.since is None:
                self._resume(clock, promise)

    def _pauses(self, promise: Promise) -> bool:
        return self.status in AT_REST or self.status in promise.pauses

    def _latest(self, metric: Metric) -> Clock | None:
        n = self.place.get(metric)
        return None if n is None else self.each[n]

    def _promise(self, metric: Metric) -> Promise:
        promise = self.promises.get(metric)
        if promise is None:
            raise SlaError(Fault("", f"the {metric} clock runs, but the terms given promise no {metric}"))
        return promise

    def _put(self, clock: Clock, promise: Promise, event: EventType) -> None:
        self.each[self.place[clock.metric]] = armed(clock, promise)
        self._say(event, promise, clock)

    def _say(
        self, event: EventType, promise: Promise, clock: Clock | None = None, *, late: bool | None = None
    ) -> None:
        self.events.append(
            Event(
                type=event,
                metric=promise.metric,
                cycle=clock.cycle if clock else 0,
                policy=promise.policy,
                occurred_at=self.at,
                due_at=clock.due_at if clock else None,
                late=late,
            )
        )


_RESTING: dict[type, str] = {Solved: "solved", Closed: "closed", Cancelled: "cancelled"}


def _plain(signal: Signal, status: str) -> Signal:
    """Take a change of status for what it means."""
    if isinstance(signal, Reopened) and status not in AT_REST:
        return StatusChanged(signal.at, signal.status)
    if not isinstance(signal, StatusChanged):
        return signal
    if signal.status == "solved":
        return Solved(signal.at)
    if signal.status == "closed":
        return Closed(signal.at)
    return Reopened(signal.at, signal.status) if status in AT_REST and status else signal


def _occurred(event: Event) -> datetime:
    return event.occurred_at
