"""One revision of the desk, made ready for questions: built once, asked for every ticket."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TypeVar

import routing
import sla
from routing.rules import rulings
from tickets.application.desk.escalation import read_target
from tickets.application.desk.listeners import Listeners
from tickets.application.desk.model import Agent, Desk, Team
from tickets.application.desk.shifts import Shifts
from tickets.application.desk.stored import Published
from tickets.domain.draft import Identity
from tickets.intake import Form, Line, Mailbox, MessageAccount
from tickets.intake.addresses import normal_address

T = TypeVar("T")
Facts = Mapping[str, frozenset[str]]

REMEMBERED = 4096
"""Answers kept for each question. A desk's conditions tell far fewer tickets apart."""

_OFFLINE = routing.Availability()
_ANY_TEAM = Team(key="")


class CompiledDesk:
    """Answers what `facts`, `escalate` and the channels ask. Objects are those of `published.desk`.

    Raises:
        routing.InvalidError: the regions are no tree; a checked desk has none such.
    """

    def __init__(self, published: Published, revision: int = 0) -> None:
        desk, versions = published.desk, published.versions
        self.desk = desk
        self.versions = versions
        self.revision = revision
        self.regions = routing.RegionTree(list(desk.regions.values()))
        self.rules = sorted(desk.routing_rules.values(), key=lambda rule: (rule.order, rule.key))
        self.policies = [
            sla.Versioned(policy, versions.get(("sla_policies", key), 0))
            for key, policy in sorted(desk.sla_policies.items(), key=lambda item: (item[1].order, item[0]))
        ]
        self.calendars = {
            key: sla.Versioned(calendar.business_calendar, versions.get(("calendars", key), 0))
            for key, calendar in desk.calendars.items()
        }
        self.team_calendars = {key: team.calendar for key, team in desk.teams.items() if team.calendar}
        self.shifts = Shifts(
            desk.agents.values(),
            desk.teams,
            {key: calendar.business_calendar for key, calendar in desk.calendars.items()},
        )
        self.levels = {key: policy.around_due for key, policy in desk.escalation_policies.items()}
        self.listeners = Listeners(desk.webhooks.values())
        self.members = _members(desk.agents.values())
        self.mailbox_at = {normal_address(box.address): box for box in desk.mailboxes.values()}
        self.alerted_addresses = {normal_address(each) for each in _alerted(desk)} - {None}
        self._terms: dict[tuple[tuple[str, ...], ...], sla.Terms] = {}
        policy_facts = {fact for policy in desk.sla_policies.values() for fact in policy.when} | {"priority"}
        if any(policy.follows_team for policy in desk.sla_policies.values()):
            policy_facts.add("team")
        self._choose = _remembering(policy_facts, self._chosen)
        rule_facts = {fact for rule in self.rules for fact in rule.when}
        self._match = _remembering(rule_facts, lambda facts: routing.match(facts, self.rules))
        self.escalation_rules = sorted(desk.escalation_rules.values(), key=lambda rule: rule.key)
        asked = {fact for rule in self.escalation_rules for fact in rule.when}
        self._escalates = _remembering(asked, self._escalating)

    def region_line(self, region: str) -> tuple[str, ...]:
        """A region and everything it lies in, nearest first."""
        return self.regions.line(region)

    def region_of(self, identities: Iterable[Identity]) -> str | None:
        """The region a telephone number among these is of, by the longest prefix that a region names."""
        numbers = [each.value for each in identities if each.kind in {"phone", "whatsapp"}]
        fitting = (prefix for prefix in self._prefixes if any(n.startswith(prefix) for n in numbers))
        longest = max(fitting, key=len, default=None)
        return None if longest is None else self._prefixes[longest]

    @cached_property
    def _prefixes(self) -> dict[str, str]:
        return {prefix: each.key for each in self.desk.regions.values() for prefix in each.phone_prefixes}

    def match_rule(self, facts: Facts) -> routing.Rule | None:
        """The routing rule that holds."""
        return self._match(facts)

    def routed_by(self, facts: Facts) -> tuple[routing.Rule, ...]:
        """The routing rules of a ticket that waits: while they are the same, so is whom they ask."""
        return rulings(facts, self.rules)

    def escalates(self, facts: Facts) -> frozenset[str]:
        """The keys of the escalation rules that hold."""
        return self._escalates(facts)

    def _escalating(self, facts: Facts) -> frozenset[str]:
        return frozenset(rule.key for rule in self.escalation_rules if not sla.unmet(rule.when, facts))

    def run_terms(self, policy: str) -> sla.RunTerms | None:
        """What a run of an escalation policy that begins now is pinned to, if there is such a policy."""
        found = self.desk.escalation_policies.get(policy)
        version = self.versions.get(("escalation_policies", policy), 0)
        return None if found is None else found.run_terms(version)

    def choose_terms(self, facts: Facts) -> sla.Terms:
        """The promises that hold; the same object for the same promises."""
        return self._choose(facts).terms

    def explain_terms(self, facts: Facts) -> sla.Choice:
        """The promises that hold, and why these policies and not the ones before them."""
        return self._choose(facts)

    def _chosen(self, facts: Facts) -> sla.Choice:
        choice = sla.choose(self.policies, self.calendars, self.levels, facts, self.team_calendars)
        promises = tuple(
            (each.metric, each.policy, each.budget, each.calendar) for each in choice.terms.promises
        )
        return sla.Choice(self._terms.setdefault(promises, choice.terms), choice.reasons)

    def roster(self, availability: Mapping[str, routing.Availability]) -> routing.Roster:
        """The roster with agents as available as they are now; who is not named is offline.

        It is one and the same every time, for all that it remembers: ask it before the next call.
        """
        for agent in self.desk.agents:
            self._roster.move(agent, availability.get(agent, _OFFLINE))
        return self._roster

    @cached_property
    def _roster(self) -> routing.Roster:
        return routing.Roster(
            list(self.desk.agents.values()),
            {},
            list(self.desk.regions.values()),
            wind_down=routing.duration(self.desk.wind_down),
        )

    def team(self, key: str | None) -> Team:
        """A team by key; one that is not (any more) works as teams do that say nothing."""
        return self.desk.teams.get(key or "") or _ANY_TEAM

    def within(self, team: str | None) -> timedelta | None:
        """Within what time whoever is given a ticket of the team has to react, if it says so."""
        text = self.team(team).react_within
        return None if text is None else routing.duration(text)

    def away_limit(self, team: str) -> timedelta | None:
        """How long an agent may be away and keep the team's tickets, if it says so."""
        text = self.team(team).away_limit
        return None if text is None else routing.duration(text)

    @cached_property
    def presence_expiry(self) -> timedelta:
        """How long a presence that runs on beats outlives the last of them."""
        return routing.duration(self.desk.presence_expiry)

    @cached_property
    def page_expiry(self) -> timedelta:
        """How old a page may be when it leaves."""
        return routing.duration(self.desk.page_expiry)

    def agent_at(self, address: str) -> Agent | None:
        """The agent whose e-mail address it is, or whose telephone a pager rings there (`key/number`)."""
        number = address.partition("/")[2]
        return self._agents_at.get(number or normal_address(address) or "")

    @cached_property
    def _agents_at(self) -> dict[str, Agent]:
        agents = self.desk.agents.values()
        by_email = {normal_address(agent.email) or "": agent for agent in agents if agent.email}
        return {**by_email, **{agent.phone: agent for agent in agents if agent.phone}}

    def paged_in(self, address: str) -> sla.BusinessCalendar | None:
        """The calendar outside which whoever has an address has quiet hours, if they have any."""
        agent = self.agent_at(address)
        calendar = self.desk.calendars.get((agent and agent.paged_in) or "")
        return None if calendar is None else calendar.business_calendar

    def form(self, key: str) -> Form | None:
        """A form by key."""
        return self.desk.forms.get(key)

    def mailbox(self, key: str) -> Mailbox | None:
        """A mailbox by key."""
        return self.desk.mailboxes.get(key)

    def mailbox_of(self, address: str) -> Mailbox | None:
        """The mailbox at an address, whatever stands behind its `+`."""
        local, _, domain = (normal_address(address) or "").partition("@")
        return self.mailbox_at.get(f"{local}@{domain}") or self.mailbox_at.get(
            f"{local.partition('+')[0]}@{domain}"
        )

    def message_account(self, key: str) -> MessageAccount | None:
        """An account of direct messages by key."""
        return self.desk.message_accounts.get(key)

    def sharing(self, account: MessageAccount) -> dict[str, MessageAccount]:
        """The accounts that may share the webhook of this one, by the provider's name for them."""
        return {
            each.id: each
            for each in self.desk.message_accounts.values()
            if each.id and each.provider == account.provider and each.secret_env == account.secret_env
        }

    def hotline(self, key: str) -> Line | None:
        """A hotline by key."""
        return self.desk.hotlines.get(key)

    def on_call(self, schedule: str, at: datetime) -> Agent | None:
        """Who answers for an on-call schedule at an instant, if anybody does."""
        found = self.desk.on_call_schedules.get(schedule)
        answering = routing.who(found, at).agent if found else None
        return self.desk.agents.get(answering) if answering else None


def _alerted(desk: Desk) -> Iterator[str]:
    """Addresses that alerts may go to: agents', and those that escalation policies name."""
    yield from (agent.email or "" for agent in desk.agents.values())
    for policy in desk.escalation_policies.values():
        named = (*policy.fallback, *(each for level in policy.levels for each in level.notify))
        yield from (target.name for target in map(read_target, named) if target.kind == "email")


def _members(agents: Iterable[Agent]) -> dict[str, tuple[Agent, ...]]:
    """The agents of every team that has any."""
    members: dict[str, list[Agent]] = {}
    for agent in agents:
        for team in agent.teams:
            members.setdefault(team, []).append(agent)
    return {team: tuple(found) for team, found in members.items()}


def _remembering(relevant: Iterable[str], answer: Callable[[Facts], T]) -> Callable[[Facts], T]:
    """`answer`, which is told only the relevant facts and asked once for each combination of them."""
    names = tuple(sorted(relevant))

    @lru_cache(REMEMBERED)
    def ask(values: tuple[frozenset[str], ...]) -> T:
        return answer({name: found for name, found in zip(names, values, strict=True) if found})

    nothing: frozenset[str] = frozenset()
    return lambda facts: ask(tuple(facts.get(name, nothing) for name in names))
