"""The promise engine as a slow and obvious program: walk through time step by step and count.

It knows no due arithmetic, no prefix sums and no table: a clock used up a step if that step was open and the
clock ran; a promise broke at the start of the first step that was one too many; a level fired at the start of
the first step that went beyond it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.sla.naive_world import NaiveWorld

import sla
from sla import Level, Promise, Signal, Terms, parse_budget

REST = ("", "solved", "closed", "cancelled")
WHOLE = ("resolution", "requester_wait", "agent_work")


class Verdict(NamedTuple):
    metric: str
    cycle: int
    state: str
    used: timedelta
    breached_at: datetime | None
    ended_at: datetime | None


@dataclass
class NaiveClock:
    metric: str
    cycle: int
    started_at: datetime
    promise: Promise
    budget: timedelta
    used: timedelta = timedelta()
    since: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    end: str = ""
    fired: dict[str, datetime] = field(default_factory=dict)

    def verdict(self, status: str) -> Verdict:
        if self.breached_at:
            state = "breached"
        elif self.ended_at:
            state = self.end
        else:
            state = "running" if self.counts(status) else "paused"
        return Verdict(self.metric, self.cycle, state, self.used, self.breached_at, self.ended_at)

    def counts(self, status: str) -> bool:
        return self.ended_at is None and status not in REST and status not in self.promise.pauses

    def amount(self, level: Level) -> timedelta:
        """How much open time a level on the business clock allows."""
        if level.share is not None:
            return self.budget * level.share
        if level.before_due is not None:
            return self.budget - parse_budget(level.before_due).time
        return self.budget + parse_budget(level.after_due or "").time


@dataclass
class NaiveEngine:
    world: NaiveWorld
    terms: Terms
    status: str = ""
    owed: dict[str, datetime] = field(default_factory=dict)
    clocks: list[NaiveClock] = field(default_factory=list)

    def run(self, history: Sequence[Signal], steps: int | None = None) -> list[Verdict]:
        waiting = list(history)
        for n in range(self.world.steps if steps is None else steps):
            while waiting and waiting[0].at <= self.world.at(n):
                self.take(waiting.pop(0), n)
            self.tick(n)
        for signal in waiting:
            self.take(signal, self.world.index(signal.at))
        return self.verdicts()

    def verdicts(self) -> list[Verdict]:
        return sorted(clock.verdict(self.status) for clock in self.clocks)

    def fired(self) -> dict[tuple[str, int, str], datetime]:
        return {(c.metric, c.cycle, name): at for c in self.clocks for name, at in c.fired.items()}

    def tick(self, n: int) -> None:
        self.warn(n)
        for clock in self.clocks:
            if clock.counts(self.status):
                opened = self.world.open[clock.promise.calendar][n]
                if opened and clock.used == clock.budget and not clock.breached_at:
                    clock.breached_at = self.world.at(n)
                self.escalate(clock, n)
                if opened:
                    clock.used += self.world.step

    def warn(self, n: int) -> None:
        """Fire what is for before the due instant, and true at it, whatever happens at it."""
        for clock in self.clocks:
            if clock.counts(self.status):
                self.escalate(clock, n, early=True)

    def escalate(self, clock: NaiveClock, n: int, *, early: bool = False) -> None:
        overdrawn = clock.since == self.world.at(n) and clock.used > clock.budget
        for level in clock.promise.levels:
            after = level.after_due is not None or (level.share or 0) >= 1
            if level.name in clock.fired or (after and not clock.breached_at):
                continue
            if early and after and not overdrawn:
                continue
            if self.reached(clock, level, n):
                clock.fired[level.name] = self.world.at(n)

    def reached(self, clock: NaiveClock, level: Level, n: int) -> bool:
        if level.share is not None or level.in_business_time:
            amount = clock.amount(level)
            opened = self.world.open[clock.promise.calendar][n]
            return clock.used > amount or (clock.used == amount and bool(opened))
        if level.after_due is not None:
            assert clock.breached_at
            return self.world.at(n) >= clock.breached_at + parse_budget(level.after_due).time
        lead, rest = parse_budget(level.before_due or "").time, clock.budget - clock.used
        if rest > lead:
            return False
        due = clock.breached_at or self.world.due(clock.promise.calendar, n, rest)
        return self.world.at(n) >= due - lead

    def take(self, signal: Signal, n: int) -> None:
        self.warn(n)
        self.heed(signal, n)
        for clock in self.clocks:
            if not clock.counts(self.status):
                clock.since = None
            elif clock.since is None:
                clock.since = self.world.at(n)

    def heed(self, signal: Signal, n: int) -> None:  # noqa: C901, PLR0912 - obvious, one case a signal
        at = self.world.at(n)
        match signal:
            case sla.Opened(status=status):
                self.status = status
                for metric in ("first_response", *WHOLE, "assignment"):
                    self.owe(metric, n)
            case sla.AgentReplied() | sla.CallAnswered():
                for metric in ("first_response", "next_response", "periodic_update"):
                    self.finish(metric, at, "met")
                if isinstance(signal, sla.CallAnswered):
                    self.finish("callback", at, "met")
                if self.status not in REST:
                    self.owe("periodic_update", n)
            case sla.CustomerReplied():
                if self.status not in REST and "first_response" not in self.owed:
                    self.owe("next_response", n)
            case sla.CallMissed():
                if self.status not in REST:
                    self.owe("callback", n)
            case sla.Assigned():
                self.finish("assignment", at, "met")
            case sla.Unassigned():
                if self.status not in REST:
                    self.owe("assignment", n)
            case sla.StatusChanged(status=status) | sla.Reopened(status=status):
                was, self.status = self.status, status
                if was in REST:
                    self.reopen(n)
            case sla.Solved():
                self.status = "solved"
                for metric in WHOLE:
                    self.finish(metric, at, "met")
                self.finish("periodic_update", at, "cancelled")
            case sla.Closed() | sla.Cancelled():
                kept = isinstance(signal, sla.Closed)
                self.status = "closed" if kept else "cancelled"
                for metric in WHOLE:
                    self.finish(metric, at, "met" if kept else "cancelled")
                for metric in list(self.owed):
                    self.finish(metric, at, "cancelled")
            case sla.TermsChanged(terms=terms):
                self.change(terms, n)

    def promise(self, metric: str) -> Promise | None:
        return next((promise for promise in self.terms.promises if promise.metric == metric), None)

    def last(self, metric: str) -> NaiveClock | None:
        return next((clock for clock in reversed(self.clocks) if clock.metric == metric), None)

    def owe(self, metric: str, n: int) -> None:
        if metric not in self.owed:
            self.owed[metric] = self.world.at(n)
            self.begin(metric, n)

    def begin(self, metric: str, n: int) -> None:
        promise, last = self.promise(metric), self.last(metric)
        if promise:
            budget = self.world.allowed(promise.calendar, n, promise.budget)
            cycle = last.cycle + 1 if last else 1
            self.clocks.append(NaiveClock(metric, cycle, self.world.at(n), promise, budget))

    def finish(self, metric: str, at: datetime, end: str) -> None:
        clock = self.last(metric)
        if metric in self.owed and clock and clock.ended_at is None:
            clock.ended_at, clock.end = at, end
        self.owed.pop(metric, None)

    def reopen(self, n: int) -> None:
        for metric in ("periodic_update", *WHOLE):
            if metric == "periodic_update" and "first_response" in self.owed:
                continue
            promise, last = self.promise(metric), self.last(metric)
            how = promise.on_reopen if promise and last else "new_cycle"
            if how == "ignore" or metric in self.owed:
                continue
            if how == "resume" and metric in WHOLE and promise and last:
                self.owed[metric] = last.started_at
                last.ended_at = None
                self.adopt(last, promise, n)
            else:
                self.owe(metric, n)

    def change(self, terms: Terms, n: int) -> None:
        self.terms = terms
        for metric in sla.METRICS:
            clock, promise = self.last(metric), self.promise(metric)
            if clock and clock.ended_at is None:
                if promise:
                    self.adopt(clock, promise, n, live=True)
                else:
                    clock.ended_at, clock.end = self.world.at(n), "cancelled"
            elif promise and metric in self.owed:
                if clock and clock.started_at >= self.owed[metric]:
                    clock.ended_at = None
                    self.adopt(clock, promise, n)
                else:
                    self.begin(metric, n)

    def adopt(self, clock: NaiveClock, promise: Promise, n: int, *, live: bool = False) -> None:
        old, clock.promise = clock.promise, promise
        if not live or old != promise:
            clock.since = self.world.at(n)
        same = (old.policy, old.budget) == (promise.policy, promise.budget)
        if clock.breached_at:
            return
        if live and promise.on_change == "restart" and not same:
            clock.started_at, clock.used = self.world.at(n), timedelta()
        if not (same and old.follows_team and promise.follows_team):
            start = self.world.index(clock.started_at)
            clock.budget = self.world.allowed(promise.calendar, start, promise.budget)
        if clock.used > clock.budget:
            clock.breached_at = self.world.at(n)
            if clock.counts(self.status):
                self.escalate(clock, n)
