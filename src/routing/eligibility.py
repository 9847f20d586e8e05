"""Who may take a ticket at each step of its rule, and why each other may not."""

from datetime import timedelta
from functools import cached_property
from typing import NamedTuple

from routing.decision import Refusal, Rejection
from routing.roster import Mask, Roster, bits
from routing.rules import Facts, Rule, duration, holds
from routing.skills import Requirement


class Test(NamedTuple):
    """One thing asked of an agent, and who passes."""

    refusal: Refusal
    detail: str
    passing: Mask


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

    def __init__(
        self, roster: Roster, rule: Rule, steps: tuple[Form, ...], facts: Facts, weight: int
    ) -> None:
        self.roster = roster
        self.rule = rule
        self.forms = steps
        self.sticky_wait = duration(rule.sticky_wait)
        self.tests = tuple(tuple(_tests(roster, rule, form, facts, weight)) for form in self.forms)
        self.admitted = tuple(_passing(roster, tests) for tests in self.tests)
        labels = tuple(form.label for form in steps[1:])
        self.relaxed = tuple(labels[:form] for form in range(len(steps)))
        self._rejections: dict[tuple[int, int | None], tuple[Rejection, ...]] = {}

    def reached(self, waited: timedelta) -> int:
        """The last form whose time has come."""
        return sum(form.after <= waited for form in self.forms[1:])

    def rejections(self, form: int, listed: int | None) -> tuple[Rejection, ...]:
        """Agents whom the form does not admit, each under the first test they fail."""
        if (form, listed) not in self._rejections:
            self._rejections[form, listed] = reject(
                self.roster, self.roster.everyone, self.tests[form], listed
            )
        return self._rejections[form, listed]

    def nearest(self, among: Mask) -> Mask:
        """Of agents whom some form admits, those for whom least must be given up."""
        return next(among & admitted for admitted in self.admitted if among & admitted)

    def form_of(self, i: int) -> int:
        """The first form that admits an agent whom some form admits."""
        return next(form for form, admitted in enumerate(self.admitted) if admitted >> i & 1)

    @cached_property
    def impossible(self) -> str | None:
        """Why nobody on the roster could ever take such a ticket, whatever their presence and load."""
        left = self.roster.everyone
        if not left:
            return "there is no agent on the roster"
        asked: list[str] = []
        for test in self.tests[-1]:
            left &= test.passing
            asked.append(test.detail)
            if not left:
                return "no agent on the roster has all of " + ", ".join(asked)
        return None


def reject(roster: Roster, among: Mask, tests: tuple[Test, ...], listed: int | None) -> tuple[Rejection, ...]:
    """Those `among` the roster who fail a test, grouped by the first one they fail."""
    found: list[Rejection] = []
    for test in tests:
        refused = among & ~test.passing
        if refused:
            among ^= refused
            found.append(
                Rejection(test.refusal, test.detail, refused.bit_count(), _names(roster, refused, listed))
            )
    return tuple(found)


def _names(roster: Roster, mask: Mask, listed: int | None) -> tuple[str, ...]:
    if listed == 0:
        return ()
    names: list[str] = []
    for i in bits(mask):
        names.append(roster.agents[i].key)
        if len(names) == listed:
            break
    return tuple(names)


def _passing(roster: Roster, tests: tuple[Test, ...]) -> Mask:
    left = roster.everyone
    for test in tests:
        left &= test.passing
    return left


def _tests(roster: Roster, rule: Rule, form: Form, facts: Facts, weight: int) -> list[Test]:
    tests = [Test("not_in_team", "team " + " or ".join(form.teams), roster.in_teams(form.teams))]
    tests += (
        Test("lacks_skill", f"skill {wish}", roster.skilled(wish.skill, wish.level)) for wish in form.skills
    )
    languages = facts.get("language")
    if form.match_language and languages:
        spoken = "language " + " or ".join(sorted(languages))
        tests.append(Test("other_language", spoken, roster.speaking(languages)))
    regions = facts.get("region")
    if rule.match_region and regions:
        tests.append(_region_test(roster, form, regions))
    tests.append(Test("too_small", f"capacity ≥ {weight}", roster.sized(weight)))
    return tests


def _region_test(roster: Roster, form: Form, regions: frozenset[str]) -> Test:
    innermost = roster.innermost(regions)
    serving = 0
    for region in innermost:
        serving |= roster.serving(region, form.widened)
    widened = f" widened {form.widened}×" if form.widened else ""
    return Test("other_region", "region " + " or ".join(innermost) + widened, serving)


def ruling(facts: Facts, ordered: list[Rule]) -> Rule | None:
    """The rule for a ticket that waits: the first that holds, of the ticket's own team if it has one.

    A ticket whose team has no rule for it is open to that team without further demands than region and
    language: somebody moved it there by hand.
    """
    teams = facts.get("team")
    for rule in ordered:
        if (not teams or rule.team in teams) and holds(rule.when, facts):
            return rule
    return Rule(key="", order=0, team=min(teams)) if teams else None
