"""One measurement on one ticket, and the moves it can make."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from sla.budget import ZERO
from sla.business_calendar import BusinessCalendar
from sla.metrics import Metric
from sla.terms import Promise

ClockState = Literal["running", "paused", "met", "breached", "cancelled"]


class Firing(Struct, frozen=True):
    """How often a level fired in this cycle, and when last (its own instant, not the noticing)."""

    times: int
    at: datetime


class Clock(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One cycle of one metric on one ticket.

    Attributes:
        cycle: from 1.
        policy: key of the policy whose promise it keeps.
        state: `breached` is for ever; such a clock may still count (`since`), be paused, or have ended
            (`ended_at`).
        started_at: when the cycle began.
        budget: open time allowed; a budget of days was measured when the cycle began.
        promised: the budget as written, where the calendar follows the team; a hand-over leaves it alone.
        used: open time used before `since`.
        since: from when time counts now; None while paused and after the end.
        due_at: last instant at which used <= budget; None while paused; of a breached clock where it broke.
        breached_at: the due instant that passed.
        ended_at: when it was fulfilled (also late) or cancelled.
        at_risk_at: when it came close.
        fired: escalation levels that fired, or were covered by one that did.
        acknowledged_at: when somebody took the escalation on.
        next_at: earliest instant at which time alone changes something.
    """

    metric: Metric
    cycle: int
    policy: str
    state: ClockState
    started_at: datetime
    budget: timedelta
    used: timedelta = ZERO
    since: datetime | None = None
    due_at: datetime | None = None
    breached_at: datetime | None = None
    ended_at: datetime | None = None
    at_risk_at: datetime | None = None
    fired: dict[str, Firing] = {}
    acknowledged_at: datetime | None = None
    next_at: datetime | None = None
    promised: str = ""

    @property
    def is_live(self) -> bool:
        """Whether its verdict, or at least its end, is still to come."""
        return self.ended_at is None

    def used_at(self, at: datetime, hours: BusinessCalendar) -> timedelta:
        """Return the open time used until `at`, which must not be before the last signal."""
        return self.used if self.since is None else self.used + hours.elapsed(self.since, at)

    def left_at(self, at: datetime, hours: BusinessCalendar) -> timedelta:
        """Return the open time left at `at`, which must not be before the last signal; negative when over."""
        return self.budget - self.used_at(at, hours)

    def reaches(self, amount: timedelta, hours: BusinessCalendar) -> datetime | None:
        """Return the last instant at which used <= `amount` if nothing intervenes; not before `since`.

        None while no time counts.
        """
        if self.since is None:
            return None
        return hours.due(self.since, amount - self.used) if amount >= self.used else self.since


class Clocks(Struct, frozen=True, omit_defaults=True):
    """All clocks of one ticket, and the little of its course that they start and pause by.

    Iterates over the clocks, oldest first. A value: store it whole (it is JSON), hand it back to `apply`.

    Attributes:
        each: every cycle of every metric, in the order in which they began.
        owed: what the ticket owes right now, promised or not, and since when.
        status: as last heard; "" before `Opened`, "cancelled" after `Cancelled`.
        solved_at: since when it is solved; None in any other status.
        seen_at: how far its time has been followed.
    """

    each: tuple[Clock, ...] = ()
    owed: dict[Metric, datetime] = {}
    status: str = ""
    solved_at: datetime | None = None
    seen_at: datetime | None = None

    def __iter__(self) -> Iterator[Clock]:
        """Go through the clocks, oldest first."""
        return iter(self.each)

    def latest(self, metric: Metric) -> Clock | None:
        """Return the last cycle of a metric, if one ever began."""
        return next((clock for clock in reversed(self.each) if clock.metric == metric), None)


def begun(promise: Promise, cycle: int, at: datetime) -> Clock:
    """Start a cycle."""
    budget = measured(promise, at)
    return Clock(
        metric=promise.metric,
        cycle=cycle,
        policy=promise.policy,
        state="running",
        started_at=at,
        budget=budget,
        since=at,
        due_at=promise.hours.due(at, budget),
        promised=promise.budget if promise.follows_team else "",
    )


def measured(promise: Promise, start: datetime) -> timedelta:
    """Return the budget as open time: days are whatever is open between the start and where they lead."""
    hours = promise.hours
    return hours.elapsed(start, hours.due(start, promise.budget))


def held(clock: Clock, at: datetime, hours: BusinessCalendar) -> Clock:
    """Stop counting for a while."""
    used = clock.used_at(at, hours)
    if clock.breached_at:
        return replace(clock, used=used, since=None)
    return replace(clock, used=used, since=None, due_at=None, state="paused")


def resumed(clock: Clock, at: datetime, hours: BusinessCalendar) -> Clock:
    """Count again, also after an end that did not last."""
    if clock.breached_at:
        return replace(clock, since=at, ended_at=None)
    due_at = hours.due(at, clock.budget - clock.used)
    return replace(clock, since=at, ended_at=None, due_at=due_at, state="running")


def ended(clock: Clock, at: datetime, hours: BusinessCalendar, verdict: Literal["met", "cancelled"]) -> Clock:
    """End it; a breach stays one."""
    state = "breached" if clock.breached_at else verdict
    return replace(clock, used=clock.used_at(at, hours), since=None, ended_at=at, state=state, next_at=None)


def broken(clock: Clock, at: datetime) -> Clock:
    """Let its due instant have passed."""
    return replace(clock, state="breached", breached_at=at, due_at=at)


def moved(clock: Clock, old: Promise | None, new: Promise, at: datetime) -> Clock:
    """Go over to another promise. What was counted stays, in the calendar it was counted in.

    Days are measured anew, from where the clock began, unless another team goes on with the same promise.

    A broken promise keeps its budget and due instant. A budget that is already overdrawn breaks at once, at
    `at`: no promise is broken before it was made.
    """
    used = clock.used_at(at, old.hours) if old else clock.used
    since = at if clock.since else None
    if clock.breached_at:
        return replace(clock, policy=new.policy, used=used, since=since)
    if old and new.on_change == "restart" and (old.policy, old.budget) != (new.policy, new.budget):
        clock, used = replace(clock, started_at=at), ZERO
    same = new.follows_team and (clock.policy, clock.promised) == (new.policy, new.budget)
    budget = clock.budget if same else measured(new, clock.started_at)
    promised = new.budget if new.follows_team else ""
    clock = replace(clock, policy=new.policy, budget=budget, used=used, since=since, promised=promised)
    if used > budget:
        return broken(clock, at)
    return replace(clock, due_at=clock.reaches(budget, new.hours))
