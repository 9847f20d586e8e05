"""The promise engine as a slow and obvious program: walk through time step by step and count.

It knows no due arithmetic, no prefix sums and no table: a clock used up a step if that step was open and the
clock ran; a promise broke at the start of the first step that was one too many.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

from tests.sla import naive_calendar
from tests.sla.worlds import CALENDARS, START, STEP, STEPS

import sla
from sla import Promise, Signal, Terms, parse_budget

REST = ("solved", "closed", "cancelled")


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
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    end: str = ""

    def verdict(self, status: str) -> Verdict:
        if self.breached_at:
            state = "breached"
        elif self.ended_at:
            state = self.end
        else:
            state = "paused" if status in (*REST, *self.promise.pauses) else "running"
        return Verdict(self.metric, self.cycle, state, self.used, self.breached_at, self.ended_at)


@cache
def open_steps(calendar: str) -> list[bool]:
    return [naive_calendar.is_open(CALENDARS[calendar], START + n * STEP) for n in range(STEPS)]


@dataclass
class NaiveEngine:
    terms: Terms
    status: str = ""
    owed: dict[str, datetime] = field(default_factory=dict)
    clocks: list[NaiveClock] = field(default_factory=list)

    def run(self, history: Sequence[Signal]) -> list[Verdict]:
        waiting = list(history)
        for n in range(STEPS):
            now = START + n * STEP
            while waiting and waiting[0].at <= now:
                self.take(waiting.pop(0), now)
            for clock in self.clocks:
                if clock.ended_at is None and self.status not in (*REST, *clock.promise.pauses):
                    self.count(clock, n, now)
        return sorted(clock.verdict(self.status) for clock in self.clocks)

    def count(self, clock: NaiveClock, n: int, now: datetime) -> None:
        if open_steps(clock.promise.calendar)[n]:
            if clock.used == clock.budget and not clock.breached_at:
                clock.breached_at = now
            clock.used += STEP

    def take(self, signal: Signal, at: datetime) -> None:  # noqa: C901, PLR0912 - obvious, one case a signal
        match signal:
            case sla.Opened(status=status):
                self.status = status
                for metric in ("first_response", "resolution", "assignment"):
                    self.owe(metric, at)
            case sla.AgentReplied():
                for metric in ("first_response", "next_response", "periodic_update"):
                    self.finish(metric, at, "met")
                if self.status not in REST:
                    self.owe("periodic_update", at)
            case sla.CustomerReplied():
                if self.status not in REST and "first_response" not in self.owed:
                    self.owe("next_response", at)
            case sla.Assigned():
                self.finish("assignment", at, "met")
            case sla.Unassigned():
                if self.status not in REST:
                    self.owe("assignment", at)
            case sla.StatusChanged(status=status) | sla.Reopened(status=status):
                was, self.status = self.status, status
                if was in REST:
                    self.reopen(at)
            case sla.Solved():
                self.status = "solved"
                self.finish("resolution", at, "met")
                self.finish("periodic_update", at, "cancelled")
            case sla.Closed() | sla.Cancelled():
                kept = isinstance(signal, sla.Closed)
                self.status = "closed" if kept else "cancelled"
                self.finish("resolution", at, "met" if kept else "cancelled")
                for metric in list(self.owed):
                    self.finish(metric, at, "cancelled")
            case sla.TermsChanged(terms=terms):
                self.change(terms, at)

    def promise(self, metric: str) -> Promise | None:
        return next((promise for promise in self.terms.promises if promise.metric == metric), None)

    def last(self, metric: str) -> NaiveClock | None:
        return next((clock for clock in reversed(self.clocks) if clock.metric == metric), None)

    def owe(self, metric: str, at: datetime) -> None:
        if metric not in self.owed:
            self.owed[metric] = at
            self.begin(metric, at)

    def begin(self, metric: str, at: datetime) -> None:
        promise, last = self.promise(metric), self.last(metric)
        if promise:
            budget = parse_budget(promise.budget).time
            self.clocks.append(NaiveClock(metric, last.cycle + 1 if last else 1, at, promise, budget))

    def finish(self, metric: str, at: datetime, end: str) -> None:
        clock = self.last(metric)
        if metric in self.owed and clock and clock.ended_at is None:
            clock.ended_at, clock.end = at, end
        self.owed.pop(metric, None)

    def reopen(self, at: datetime) -> None:
        for metric in ("resolution", "periodic_update"):
            if metric == "periodic_update" and "first_response" in self.owed:
                continue
            promise, last = self.promise(metric), self.last(metric)
            how = promise.on_reopen if promise and last else "new_cycle"
            if how == "ignore" or metric in self.owed:
                continue
            if how == "resume" and metric == "resolution" and promise and last:
                self.owed[metric] = last.started_at
                last.ended_at, last.promise = None, promise
                self.adopt(last, promise, at)
            else:
                self.owe(metric, at)

    def change(self, terms: Terms, at: datetime) -> None:
        self.terms = terms
        for metric in sla.METRICS:
            clock, promise = self.last(metric), self.promise(metric)
            if clock and clock.ended_at is None:
                if promise:
                    self.adopt(clock, promise, at)
                else:
                    clock.ended_at, clock.end = at, "cancelled"
            elif promise and metric in self.owed:
                if clock and clock.started_at >= self.owed[metric]:
                    clock.ended_at = None
                    self.adopt(clock, promise, at)
                else:
                    self.begin(metric, at)

    def adopt(self, clock: NaiveClock, promise: Promise, at: datetime) -> None:
        clock.promise = promise
        if not clock.breached_at:
            clock.budget = parse_budget(promise.budget).time
            if clock.used > clock.budget:
                clock.breached_at = at
