"""Policies as the desk writes them: what is promised, when it applies, how long it allows."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from sla.budget import parse_budget, parse_time
from sla.errors import BudgetError, Fault, PolicyError
from sla.metrics import Metric
from sla.terms import OnChange, OnReopen

Facts = Mapping[str, frozenset[str]]
"""What is known of a ticket, by key: `{"priority": {"high"}, "tags": {"vip", "store-12"}, …}`."""

Condition = dict[str, list[str]]
"""Holds when every key has one of its values among the facts; `{}` always holds."""

OF_THE_TEAM = "team"
"""Instead of a calendar's key: the calendar of whichever team holds the ticket."""

T = TypeVar("T")


class Versioned(Struct, Generic[T], frozen=True):
    """A published version of something that can be edited."""

    value: T
    version: int


class Target(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """How long a policy allows for one metric.

    Attributes:
        budget: ISO 8601 duration, or one per priority; a priority left out is not promised anything here.
        calendar: key of a business calendar; the policy's when None. `team` is that of the team which holds
            the ticket; while none does, or it has none, the policy's.
        pauses: statuses in which no time counts; when None those of the metric, if it means any, else the
            policy's.
        at_risk: share of the budget after which the clock is at risk; None for never.
        on_change: what becomes of time already used when the terms change to this.
        on_reopen: what a reopening does to a clock that solving ended.
        escalation: key of an escalation policy; the policy's when None.
        quiet: of the resolution: ISO 8601 time after solving in which a customer's message does not reopen.
    """

    metric: Metric
    budget: str | dict[str, str]
    calendar: str | None = None
    pauses: tuple[str, ...] | None = None
    at_risk: float | None = 0.8
    on_change: OnChange = "keep_elapsed"
    on_reopen: OnReopen = "resume"
    escalation: str | None = None
    quiet: str | None = None

    def budget_for(self, facts: Facts) -> str | None:
        """Return the budget for the ticket's priority, if it is promised any."""
        if isinstance(self.budget, str):
            return self.budget
        for priority in facts.get("priority", ()):
            return self.budget.get(priority)
        return None

    def faults(self) -> Iterator[Fault]:
        """Yield what is wrong, with pointers relative to this target."""
        budgets = {"": self.budget} if isinstance(self.budget, str) else self.budget
        if not budgets:
            yield Fault("/budget", "names no priority")
        for priority, text in budgets.items():
            pointer = f"/budget/{priority}".rstrip("/")
            try:
                if parse_budget(text).is_empty:
                    yield Fault(pointer, "must allow more than nothing")
            except BudgetError as error:
                yield Fault(pointer, str(error))
        if self.at_risk is not None and not 0 < self.at_risk < 1:
            yield Fault("/at_risk", "must lie between 0 and 1")
        if self.quiet is not None:
            yield from self._quiet_faults(self.quiet)

    def _quiet_faults(self, quiet: str) -> Iterator[Fault]:
        if self.metric != "resolution":
            yield Fault("/quiet", "belongs to the resolution, which a reopening takes back")
        try:
            parse_time(quiet)
        except BudgetError as error:
            yield Fault("/quiet", str(error))


class Policy(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """A set of targets and the tickets they are for.

    Attributes:
        key: its name in every event and report.
        order: place among all policies, lowest first; ties go by key, so the order is total.
        when: which tickets; all when empty.
        calendar, pauses, escalation: defaults of the targets.

    Raises:
        PolicyError: every fault at once, with pointers.
    """

    key: str
    order: int
    targets: tuple[Target, ...]
    when: Condition = {}
    calendar: str = "always_open"
    pauses: tuple[str, ...] = ("pending",)
    escalation: str | None = None
    description: str = ""

    @property
    def follows_team(self) -> bool:
        """Whether the team that holds a ticket has to do with its promises, whatever `when` asks."""
        return OF_THE_TEAM in (self.calendar, *(target.calendar for target in self.targets))

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        faults = []
        seen = set()
        for n, target in enumerate(self.targets):
            faults += [Fault(f"/targets/{n}{fault.pointer}", fault.message) for fault in target.faults()]
            if target.metric in seen:
                faults.append(Fault(f"/targets/{n}/metric", f"a second target for {target.metric}"))
            seen.add(target.metric)
        faults += [Fault(f"/when/{key}", "lists no value") for key, values in self.when.items() if not values]
        if faults:
            raise PolicyError(*faults)
