"""Which policy promises what to a ticket, and why not the others."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from msgspec import Struct

from sla.business_calendar import BusinessCalendar
from sla.errors import Fault, PolicyError
from sla.metrics import MEASURES, METRICS, Metric
from sla.policy import OF_THE_TEAM, Condition, Facts, Policy, Target, Versioned
from sla.terms import Level, Promise, Terms

NO_TEAMS: Mapping[str, str] = MappingProxyType({})


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
    team_calendars: Mapping[str, str] = NO_TEAMS,
) -> Choice:
    """Take each metric's promise from the first policy that has one for this ticket.

    Args:
        policies: every published policy, in any order.
        calendars: by key; `always_open` need not be among them.
        levels: of every escalation policy, by its key.
        facts: of the ticket, see `Facts`.
        team_calendars: the calendar's key of every team that has one, for targets that follow the team.

    Raises:
        PolicyError: a policy names a calendar or an escalation policy that is not there.
    """
    desk = _Desk(calendars, levels, _team_calendar(facts, team_calendars))
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
                promises[metric] = desk.promise(versioned, target, budget)
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


def _team_calendar(facts: Facts, team_calendars: Mapping[str, str]) -> str | None:
    """The key of the calendar of the team that holds the ticket, if it has both."""
    return next((team_calendars[team] for team in facts.get("team", ()) if team in team_calendars), None)


class _Desk(NamedTuple):
    """What promises are made of, for one ticket."""

    calendars: Mapping[str, Versioned[BusinessCalendar]]
    levels: Mapping[str, tuple[Level, ...]]
    team_calendar: str | None

    def promise(self, versioned: Versioned[Policy], target: Target, budget: str) -> Promise:
        policy = versioned.value
        calendar, hours, follows_team = self.calendar(policy, target)
        escalation = target.escalation or policy.escalation
        if escalation is not None and escalation not in self.levels:
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
            follows_team=follows_team,
            pauses=_pauses(policy, target),
            at_risk=target.at_risk,
            on_change=target.on_change,
            on_reopen=target.on_reopen,
            escalation=escalation,
            levels=self.levels[escalation] if escalation else (),
            quiet=target.quiet,
        )

    def calendar(self, policy: Policy, target: Target) -> tuple[str, Versioned[BusinessCalendar], bool]:
        """The calendar that counts now, its key, and whether another team's would be another."""
        key = target.calendar or policy.calendar
        follows_team = key == OF_THE_TEAM
        if follows_team:
            own = "always_open" if policy.calendar == OF_THE_TEAM else policy.calendar
            key = self.team_calendar or own
        hours = self.calendars.get(key, _ALWAYS_OPEN if key == "always_open" else None)
        if hours is None:
            raise PolicyError(Fault("/calendar", f"policy {policy.key} names an unknown calendar {key!r}"))
        return key, hours, follows_team


def _pauses(policy: Policy, target: Target) -> tuple[str, ...]:
    if target.pauses is not None:
        return target.pauses
    meant = MEASURES[target.metric].pauses
    return policy.pauses if meant is None else meant
