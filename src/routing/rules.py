"""Rules: from a ticket's facts to a team, the skills it needs, and what may be given up as it waits."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Literal

import msgspec

from routing.errors import Fault
from routing.skills import Requirement

Facts = Mapping[str, frozenset[str]]
"""What is known of a ticket: `channel`, `priority`, `region` (with its ancestors), `fields.<name>`, ..."""

Strategy = Literal["best_fit", "least_loaded", "round_robin", "longest_idle"]


class Relaxation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One step a waiting ticket takes towards more agents, `after` an ISO 8601 duration of waiting.

    Steps add up: each starts from what the one before it left. Optional skills may be dropped or asked
    `lower_levels` lower; the region grows to the one it lies in; `team` is asked too, beside the rule's.
    Nothing here can touch a mandatory skill.
    """

    after: str
    drop_optional: bool = False
    lower_levels: Annotated[int, msgspec.Meta(ge=0)] = 0
    widen_region: bool = False
    drop_language: bool = False
    team: str | None = None

    def __str__(self) -> str:
        """What the step gives up, as explanations name it."""
        given_up = (
            (self.drop_optional, "optional skills dropped"),
            (self.lower_levels > 0, f"optional skills {self.lower_levels} lower"),
            (self.widen_region, "region widened"),
            (self.drop_language, "language dropped"),
            (self.team is not None, f"team {self.team} asked too"),
        )
        return f"after {self.after}: " + ", ".join(text for given, text in given_up if given)


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who should take the tickets for which `when` holds; the lowest `order` that holds decides.

    A returning customer's agent (`Waiting.sticky`) is waited for as long as `sticky_wait`, an ISO 8601
    duration from the ticket's `waiting_since`, and preferred ever after.

    A team of experts owns everything of a customer or segment: a rule of low `order` whose `when` names them
    and whose `fallback_after` says how long its team is waited for. After that, or at once when nobody in the
    team could ever take the ticket, the next rule that holds is asked too; the experts still come first.
    """

    key: str
    order: int
    team: str
    when: dict[str, list[str]] = {}
    skills: tuple[Requirement, ...] = ()
    match_region: bool = True
    match_language: bool = True
    strategy: Strategy = "best_fit"
    sticky_wait: str = "PT0S"
    fallback_after: str | None = None
    relaxation: tuple[Relaxation, ...] = ()


def holds(when: Mapping[str, Sequence[str]], facts: Facts) -> bool:
    """Whether a condition is true: every key meets at least one of its values; `{}` always is."""
    return all(key in facts and not facts[key].isdisjoint(values) for key, values in when.items())


def sequence(rules: Sequence[Rule]) -> list[Rule]:
    """Rules as they are asked: by order, then by key so that the order is total."""
    return sorted(rules, key=lambda rule: (rule.order, rule.key))


def match(facts: Facts, rules: Sequence[Rule]) -> Rule | None:
    """The first rule whose condition holds. Looks at conditions only, not at the team a ticket has."""
    return next((rule for rule in sequence(rules) if holds(rule.when, facts)), None)


def rulings(facts: Facts, ordered: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules for a ticket that waits: the first that holds, then those it falls back to in turn.

    A ticket that has a team is asked only the rules of that team first. One whose team has no rule for it is
    open to that team without further demands than region and language: somebody moved it there by hand.
    """
    teams = facts.get("team")
    found: list[Rule] = []
    for rule in ordered:
        if (found or not teams or rule.team in teams) and holds(rule.when, facts):
            found.append(rule)
            if rule.fallback_after is None:
                break
    return tuple(found) if found or not teams else (_by_hand(min(teams)),)


@lru_cache(maxsize=1024)
def _by_hand(team: str) -> Rule:
    return Rule(key="", order=0, team=team)


LONGEST = timedelta(days=366)
"""Nothing here waits longer; an instant so much later is still one."""


@lru_cache(maxsize=1024)
def duration(text: str) -> timedelta:
    """An ISO 8601 duration of elapsed time; days are 24 hours here (nobody waits in business time).

    Raises:
        ValueError: the text is not such a duration, or it is negative or longer than `LONGEST`.
    """
    length = msgspec.convert(text, timedelta)
    if not timedelta(0) <= length <= LONGEST:
        raise ValueError(f"a duration lies between nothing and {LONGEST.days} days: {text}")
    return length


def check_rules(rules: Sequence[Rule]) -> tuple[Fault, ...]:
    """Every fault a list of rules has in itself; pointers start at the list.

    Whether the teams exist is for the desk to say, which knows them.
    """
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, rule in enumerate(rules):
        if rule.key in seen:
            faults.append(Fault(f"/{index}/key", f"rule {rule.key!r} is listed twice"))
        seen.add(rule.key)
        faults += [fault.under(f"/{index}") for fault in _check_rule(rule)]
    return tuple(faults)


def _check_rule(rule: Rule) -> list[Fault]:
    faults = _check_duration(rule.sticky_wait, "/sticky_wait")
    faults += _check_duration(rule.fallback_after or "PT0S", "/fallback_after")
    asked: set[str] = set()
    for index, requirement in enumerate(rule.skills):
        if requirement.skill in asked:
            faults.append(Fault(f"/skills/{index}/skill", f"skill {requirement.skill!r} is asked for twice"))
        asked.add(requirement.skill)
    before = timedelta(0)
    for index, step in enumerate(rule.relaxation):
        wrong = _check_duration(step.after, f"/relaxation/{index}/after")
        faults += wrong
        if wrong:
            continue
        if duration(step.after) < before:
            faults.append(Fault(f"/relaxation/{index}/after", "steps must come in order of time"))
        before = duration(step.after)
    return faults


def _check_duration(text: str, pointer: str) -> list[Fault]:
    try:
        duration(text)
    except ValueError:
        return [Fault(pointer, f"not an ISO 8601 duration of 366 days at most: {text!r}")]
    return []
