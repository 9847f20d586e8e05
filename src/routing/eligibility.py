"""Who may take a ticket at each step of its rule, and why each other may not."""

from bisect import bisect_right
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from routing.agents import Agent
from routing.decision import Refusal, Rejection
from routing.index import Index
from routing.masks import Mask, lowest
from routing.rules import Facts, Rule, duration
from routing.skills import Requirement

MOST_KINDS = 4096
"""Kinds of tickets remembered at a time; above that they are forgotten and found anew."""


class Test(NamedTuple):
    """One thing asked of an agent, and who fails."""

    refusal: Refusal
    detail: str
    failing: Mask


class Sifted(NamedTuple):
    """Who passed some tests, and who did not."""

    left: Mask
    rejected: tuple[Rejection, ...]


class Form(NamedTuple):
    """What a rule asks from `after` on: the rule itself, less what its relaxation gave up by then."""

    after: timedelta
    label: str
    teams: tuple[str, ...]
    skills: tuple[Requirement, ...]
    widened: int
    match_language: bool


def forms(rule: Rule) -> tuple[Form, ...]:
    """The rule in full, then after each relaxation step. Each form admits whoever the one before admits."""
    found = [Form(timedelta(0), "", (rule.team,), rule.skills, 0, rule.match_language)]
    for step in rule.relaxation:
        last = found[-1]
        kept = tuple(wish for wish in last.skills if wish.mandatory or not step.drop_optional)
        found.append(
            Form(
                after=duration(step.after),
                label=str(step),
                teams=last.teams if step.team in (None, *last.teams) else (*last.teams, str(step.team)),
                skills=tuple(wish.lowered(step.lower_levels) for wish in kept),
                widened=last.widened + step.widen_region,
                match_language=last.match_language and not step.drop_language,
            )
        )
    return tuple(found)


class Eligibility:
    """Who can take tickets of one kind (same rule, region, language and weight), presence and load apart.

    `admitted[k]` are the agents that form k admits, `tests[k]` is what it asks, in the order of explanation,
    and `relaxed[k]` names the steps that lead to it.
    """

    def __init__(self, index: Index, rule: Rule, facts: Facts, weight: int) -> None:
        self.index = index
        self.rule = rule
        self.weight = weight
        self.forms = forms(rule)
        self.sticky_wait = duration(rule.sticky_wait)
        self.tests = tuple(tuple(_tests(index, rule, form, facts, weight)) for form in self.forms)
        self.admitted = tuple(_passing(index, tests) for tests in self.tests)
        labels = tuple(form.label for form in self.forms[1:])
        self._afters = [form.after for form in self.forms[1:]]
        self.relaxed = tuple(labels[:form] for form in range(len(self.forms)))
        self._rejections: dict[tuple[int, int | None], tuple[Rejection, ...]] = {}
        self._fits: dict[int, str] = {}

    def reached(self, waited: timedelta) -> int:
        """The last form whose time has come."""
        return bisect_right(self._afters, waited)

    def rejections(self, form: int, listed: int | None) -> tuple[Rejection, ...]:
        """Agents whom the form does not admit, each under the first test they fail."""
        if (form, listed) not in self._rejections:
            everyone = self.index.everyone
            self._rejections[form, listed] = sift(self.index, everyone, self.tests[form], listed).rejected
        return self._rejections[form, listed]

    def form_of(self, i: int) -> int:
        """The first form that admits an agent whom some form admits."""
        form = 0
        while not self.admitted[form] >> i & 1:
            form += 1
        return form

    def team_of(self, agent: Agent, form: int) -> str:
        """The first team of a form that an agent whom it admits is in."""
        teams = self.forms[form].teams
        return teams[0] if len(teams) == 1 else next(team for team in teams if team in agent.teams)

    def fit(self, i: int) -> str:
        """How well an agent whom some form admits fits, in words."""
        if i not in self._fits:
            parts = [self.forms[self.form_of(i)].label or "meets the rule in full"]
            if self.rule.strategy == "best_fit":
                skills = self.index.agents[i].skills
                parts += (f"{wish.skill} {skills.get(wish.skill, 0)}" for wish in self.rule.skills)
            self._fits[i] = ", ".join(parts)
        return self._fits[i]

    @cached_property
    def impossible(self) -> str | None:
        """Why nobody on the roster could ever take such a ticket, whatever their presence and load."""
        left = self.index.everyone
        if not left:
            return "there is no agent on the roster"
        asked: list[str] = []
        for test in self.tests[-1]:
            left &= ~test.failing
            asked.append(test.detail)
            if not left:
                return "no agent on the roster has all of " + ", ".join(asked)
        return None


class Kinds:
    """The kinds of tickets asked about so far, for one index; the same rule object makes the same kind."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[tuple[object, ...], Eligibility] = {}

    def of(self, rule: Rule, facts: Facts, weight: int) -> Eligibility:
        """Who can take tickets with these facts under the rule."""
        kind = (id(rule), facts.get("region"), facts.get("language"), weight)
        known = self._known.get(kind)
        if known is None:
            if len(self._known) >= MOST_KINDS:
                self._known.clear()
            known = self._known[kind] = Eligibility(self._index, rule, facts, weight)  # keeps the id taken
        return known


def sift(index: Index, among: Mask, tests: tuple[Test, ...], listed: int | None) -> Sifted:
    """Put aside those who fail a test, grouped by the first one they fail, at most `listed` by name."""
    found: list[Rejection] = []
    for refusal, detail, failing in tests:
        refused = among & failing
        if refused:
            among ^= refused
            names = tuple([index.agents[i].key for i in lowest(refused, listed)])
            found.append(Rejection(refusal, detail, refused.bit_count(), names))
    return Sifted(among, tuple(found))


def _passing(index: Index, tests: tuple[Test, ...]) -> Mask:
    left = index.everyone
    for test in tests:
        left &= ~test.failing
    return left


def _tests(index: Index, rule: Rule, form: Form, facts: Facts, weight: int) -> list[Test]:
    def unless(refusal: Refusal, detail: str, passing: Mask) -> Test:
        return Test(refusal, detail, index.everyone & ~passing)

    tests = [unless("not_in_team", "team " + " or ".join(form.teams), index.in_teams(form.teams))]
    tests += (
        unless("lacks_skill", f"skill {wish}", index.skilled(wish.skill, wish.level)) for wish in form.skills
    )
    languages = facts.get("language")
    if form.match_language and languages:
        spoken = "language " + " or ".join(sorted(languages))
        tests.append(unless("other_language", spoken, index.speaking(languages)))
    regions = facts.get("region")
    if rule.match_region and regions:
        tests.append(unless("other_region", *_region(index, form, regions)))
    tests.append(unless("too_small", f"capacity ≥ {weight}", index.sized(weight)))
    return tests


def _region(index: Index, form: Form, regions: frozenset[str]) -> tuple[str, Mask]:
    innermost = index.innermost(regions)
    serving = 0
    for region in innermost:
        serving |= index.serving(region, form.widened)
    widened = f" widened {form.widened}×" if form.widened else ""
    return "region " + " or ".join(innermost) + widened, serving
