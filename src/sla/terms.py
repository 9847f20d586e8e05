"""Terms: what is promised on one ticket, whole and immutable, so that no later edit can change a verdict."""

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from sla.budget import ZERO, parse_budget, parse_time
from sla.business_calendar import BusinessCalendar
from sla.errors import BudgetError, Fault, PolicyError
from sla.metrics import Metric

OnChange = Literal["keep_elapsed", "restart"]
OnReopen = Literal["resume", "new_cycle", "ignore"]
_SHORTEST = timedelta(seconds=5)
"""What repeats of a run take at least, so that whoever passes a long time over one is soon done."""


class Level(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One step of an escalation: when somebody must hear of a clock, or of a run.

    Exactly one of `share`, `before_due`, `after_due` and `delay` says when. The first three are relative to
    the due instant of a promise. On the business clock they are amounts of the clock's own time, so a pause
    moves them with the due instant; on the calendar clock they are wall-clock distances. A `delay` counts
    from the beginning of a run (see `sla.run`): promises have no such levels.

    Attributes:
        name: unique among the levels of one escalation policy.
        share: of the budget used, 0.5 is half of it; above 1 is after due.
        before_due: ISO 8601 time such as `PT30M`.
        after_due: ISO 8601 time; `PT0S` is as soon as the promise is broken.
        delay: ISO 8601 time after the run began; `PT0S` is at once.
        clock: what `before_due`, `after_due`, `delay` and `repeat` count in; when None the business clock,
            of a `delay` the calendar clock: whoever is on call wakes up at night.
        repeat: fire again this long after each firing, until acknowledged.
        repeat_limit: how many times again.

    Raises:
        PolicyError: every fault at once.
    """

    name: str
    share: float | None = None
    before_due: str | None = None
    after_due: str | None = None
    delay: str | None = None
    clock: Literal["business", "calendar"] | None = None
    repeat: str | None = None
    repeat_limit: int = 3

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        faults = []
        if sum(when is not None for when in (self.share, self.before_due, self.after_due, self.delay)) != 1:
            faults.append(Fault("", "give exactly one of share, before_due, after_due and delay"))
        if self.share is not None and not self.share > 0:
            faults.append(Fault("/share", "must be above 0"))
        for field, text in (
            ("before_due", self.before_due),
            ("after_due", self.after_due),
            ("delay", self.delay),
            ("repeat", self.repeat),
        ):
            try:
                time = parse_time(text) if text is not None else None
            except BudgetError as error:
                faults.append(Fault(f"/{field}", str(error)))
            else:
                if time == ZERO and field not in {"after_due", "delay"}:
                    faults.append(Fault(f"/{field}", "must be longer than nothing"))
                elif field == "repeat" and time is not None and self.delay is not None and time < _SHORTEST:
                    faults.append(Fault("/repeat", "nobody reacts in less than five seconds"))
        if self.repeat_limit < 0:
            faults.append(Fault("/repeat_limit", "cannot be negative"))
        if faults:
            raise PolicyError(*faults)

    @property
    def in_business_time(self) -> bool:
        """Whether it counts open time only."""
        return self.clock == "business" or (self.clock is None and self.delay is None)


class Promise(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One metric's promise on one ticket, with everything a clock needs to keep it.

    Attributes:
        policy: key of the policy that gave it, at `policy_version`.
        budget: ISO 8601; days are measured once, when the clock starts.
        hours: the calendar itself, `calendar` at `calendar_version`.
        follows_team: whether the calendar is that of the team which holds the ticket. Other terms of the same
            policy and budget are then another team's turn at the same promise.
        pauses: statuses in which no time counts.
        at_risk: share of the budget after which the clock is at risk; None for never.
        levels: what to escalate when, of the escalation policy `escalation`.
        quiet: ISO 8601 time after solving in which a customer's message does not reopen the ticket.
    """

    metric: Metric
    policy: str
    policy_version: int
    budget: str
    calendar: str
    calendar_version: int
    hours: BusinessCalendar
    follows_team: bool = False
    pauses: tuple[str, ...] = ()
    at_risk: float | None = 0.8
    on_change: OnChange = "keep_elapsed"
    on_reopen: OnReopen = "resume"
    escalation: str | None = None
    levels: tuple[Level, ...] = ()
    quiet: str | None = None

    def __post_init__(self) -> None:
        """Refuse a budget that is none.

        Raises:
            PolicyError: the budget is malformed or empty.
        """
        try:
            empty = parse_budget(self.budget).is_empty
        except BudgetError as error:
            raise PolicyError(Fault("/budget", str(error))) from None
        if empty:
            raise PolicyError(Fault("/budget", "must allow more than nothing"))
        if any(level.delay is not None for level in self.levels):
            raise PolicyError(Fault("/levels", "a delay counts from where a run began"))


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """All promises on one ticket, at most one per metric.

    Raises:
        PolicyError: two promises for one metric.
    """

    promises: tuple[Promise, ...] = ()

    def __post_init__(self) -> None:
        """Refuse two promises for one metric."""
        if len({promise.metric for promise in self.promises}) < len(self.promises):
            raise PolicyError(Fault("/promises", "two promises for one metric"))

    def of(self, metric: Metric) -> Promise | None:
        """Return the promise for a metric, if any."""
        for promise in self.promises:
            if promise.metric == metric:
                return promise
        return None
