"""Which policy promises what to a ticket, and why not the others."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from sla.business_calendar import BusinessCalendar
from sla.errors import Fault, PolicyError
from sla.metrics import METRICS, Metric
from sla.policy import Condition, Facts, Policy, Target, Versioned
from sla.terms import Level, Promise, Terms


class Reason(Struct, frozen=True):
    """Why one policy does, or does not, give the promise for one metric."""

    metric: Metric
    policy: str
    version: int
    chosen: bool
    why: str


class Choice(Struct, frozen=True):
    """The terms of a ticket, and per metric the policies asked, in order, down to the chosen one."""

    terms: Terms
    reasons: tuple[Reason, ...]


def choose(
    policies: Sequence[Versioned[Policy]],
    calendars: Mapping[str, Versioned[BusinessCalendar]],
    levels: Mapping[str, tuple[Level, ...]],
    facts: Facts,
) -> Choice:
    """Take each metric's promise from the first policy that has one for this ticket.

    Args:
        policies: every published policy, in any order.
        calendars: by key; `always_open` need not be among them.
        levels: of every escalation policy, by its key.
        facts: of the ticket, see `Facts`.

    Raises:
        PolicyError: a policy names a calendar or an escalation policy that is not there.
    """
    promises: dict[Metric, Promise] = {}
    reasons: list[Reason] = []
    for versioned in sorted(policies, key=_place):
        policy = versioned.value
        refusal = unmet(policy.when, facts)
        for target in policy.targets:
            metric = target.metric
            if metric in promises:
                continue
            budget, why = None, refusal
            if not why:
                budget = target.budget_for(facts)
                why = "first with a target" if budget else "promises nothing for this priority"
            reasons.append(Reason(metric, policy.key, versioned.version, budget is not None, why))
            if budget is not None:
                promises[metric] = _promise(versioned, target, budget, calendars, levels)
    in_order = tuple(promises[metric] for metric in METRICS if metric in promises)
    return Choice(Terms(in_order), tuple(reasons))


def unmet(when: Condition, facts: Facts) -> str:
    """Say which part of a condition does not hold; empty when all do."""
    for key, wanted in when.items():
        found = facts.get(key, frozenset())
        if found.isdisjoint(wanted):
            return f"{key} is {' and '.join(sorted(found)) or 'not known'}, not {' or '.join(wanted)}"
    return ""


def _place(versioned: Versioned[Policy]) -> tuple[int, str]:
    return versioned.value.order, versioned.value.key


_ALWAYS_OPEN = Versioned(BusinessCalendar(always_open=True), 0)


def _promise(
    versioned: Versioned[Policy],
    target: Target,
    budget: str,
    calendars: Mapping[str, Versioned[BusinessCalendar]],
    levels: Mapping[str, tuple[Level, ...]],
) -> Promise:
    policy = versioned.value
    calendar = target.calendar or policy.calendar
    hours = calendars.get(calendar, _ALWAYS_OPEN if calendar == "always_open" else None)
    escalation = target.escalation or policy.escalation
    if hours is None:
        raise PolicyError(Fault("/calendar", f"policy {policy.key} names an unknown calendar {calendar!r}"))
    if escalation is not None and escalation not in levels:
        raise PolicyError(
            Fault("/escalation", f"policy {policy.key} names an unknown escalation {escalation!r}")
        )
    return Promise(
        metric=target.metric,
        policy=policy.key,
        policy_version=versioned.version,
        budget=budget,
        calendar=calendar,
        calendar_version=hours.version,
        hours=hours.value,
        pauses=policy.pauses if target.pauses is None else target.pauses,
        at_risk=target.at_risk,
        on_change=target.on_change,
        on_reopen=target.on_reopen,
        escalation=escalation,
        levels=levels[escalation] if escalation else (),
    )
