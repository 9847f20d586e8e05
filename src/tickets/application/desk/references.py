"""What objects of the desk refer to: one function a kind, so that every reference is checked the same way."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from msgspec import Struct

import routing
import sla
from tickets.application.desk.escalation import EscalationPolicy, EscalationRule, Target, read_target
from tickets.application.desk.fault import Faults
from tickets.application.desk.kinds import KIND, every_object
from tickets.application.desk.model import Agent, Desk, OnCallSchedule, Pager, Settings, Team
from tickets.domain.words import PRIORITIES, STATUSES, Channel
from tickets.intake import Form, Line, Mailbox, MessageAccount
from tickets.intake.unreadable import pointer

T = TypeVar("T", bound=Struct)

BUILT_IN = {"calendars": frozenset({"always_open"})}
"""Keys that exist without being written: `sla` knows this calendar by itself."""

FACTS: dict[str, str | None] = {
    "channel": "channel",
    "source": None,
    "priority": "priority",
    "team": "teams",
    "region": "regions",
    "language": None,
    "customer_tier": None,
    "customer_segment": None,
    "customer": None,
    "tags": None,
    "form": "forms",
    "mailbox": "mailboxes",
    "message_account": "message_accounts",
    "line": "hotlines",
    "client": None,
}
"""What conditions may ask about, beside `fields.<name>`, and the kind or list that has its values."""

ESCALATION_FACTS: dict[str, str | None] = {**FACTS, "stuck": "stuck"}
"""What conditions of escalation rules may ask about."""

WORDS: dict[str, tuple[str, ...]] = {
    "channel": Channel.__args__,  # type: ignore[attr-defined]
    "priority": PRIORITIES,
    "status": STATUSES,
    "stuck": ("unroutable", "refused"),
}
"""Closed lists of words that are referred to as if they were keys."""

_TARGETS = {"agent": "agents", "on_call": "on_call_schedules", "webhook": "webhooks", "pager": "pagers"}


class Reference(NamedTuple):
    """At `pointer` (relative to its object) something of `kind` (of `KINDS` or `WORDS`) is called `key`."""

    pointer: str
    kind: str
    key: str


def check_references(desk: Desk, declared: Mapping[str, frozenset[str]], faults: Faults) -> None:
    """Note every reference that leads nowhere. `declared` has the keys of objects with faults, too."""
    for kind, key, found in every_object(desk):
        here = pointer(kind.name) if kind.single else pointer(kind.name, key)
        for at, wanted, name in references_of(kind.name, found):
            known = WORDS.get(wanted) or declared[wanted]
            if name not in known and name not in BUILT_IN.get(wanted, ()):
                noun = KIND[wanted].noun if wanted in KIND else wanted
                faults.unknown(here + at, noun, name, known)


def references_of(kind: str, found: Struct) -> Iterator[Reference]:
    """Everything one object refers to."""
    read = _READ.get(kind)
    return read(found) if read else iter(())


def _one(at: str, kind: str, key: str | None) -> Iterator[Reference]:
    if key is not None:
        yield Reference(at, kind, key)


def _many(at: str, kind: str, keys: Iterable[str]) -> Iterator[Reference]:
    for n, key in enumerate(keys):
        yield Reference(f"{at}/{n}", kind, key)


def _when(when: Mapping[str, Sequence[str]]) -> Iterator[Reference]:
    for fact, values in when.items():
        kind = ESCALATION_FACTS.get(fact)
        if kind is not None:
            yield from _many("/when" + pointer(fact), kind, values)


def _settings(settings: Settings) -> Iterator[Reference]:
    return _one("/mailbox", "mailboxes", settings.mailbox)


def _region(region: routing.Region) -> Iterator[Reference]:
    return _one("/parent", "regions", region.parent)


def _team(team: Team) -> Iterator[Reference]:
    yield from _one("/lead", "agents", team.lead)
    yield from _one("/calendar", "calendars", team.calendar)
    yield from _one("/shift", "calendars", team.shift)


def _agent(agent: Agent) -> Iterator[Reference]:
    yield from _many("/teams", "teams", agent.teams)
    yield from _many("/regions", "regions", agent.regions)
    yield from _one("/shift", "calendars", agent.shift)
    yield from _one("/paged_in", "calendars", agent.paged_in)


def _schedule(schedule: OnCallSchedule) -> Iterator[Reference]:
    for n, layer in enumerate(schedule.layers):
        yield from _many(f"/layers/{n}/agents", "agents", layer.agents)
    for n, override in enumerate(schedule.overrides):
        yield from _one(f"/overrides/{n}/agent", "agents", override.agent)
        yield from _one(f"/overrides/{n}/replaces", "agents", override.replaces)
    if schedule.gap_warning is not None:
        yield from _heard("/gap_warning/notify", schedule.gap_warning.notify)


def _escalation(policy: EscalationPolicy) -> Iterator[Reference]:
    lists = {f"/levels/{n}/notify": level.notify for n, level in enumerate(policy.levels)}
    for at, texts in {**lists, "/fallback": policy.fallback}.items():
        yield from _heard(at, texts)
    for n, level in enumerate(policy.levels):
        yield from _one(f"/levels/{n}/actions/team", "teams", level.actions.team)


def _escalation_rule(rule: EscalationRule) -> Iterator[Reference]:
    yield from _when(rule.when)
    yield from _one("/policy", "escalation_policies", rule.policy)


def _heard(at: str, texts: Iterable[str]) -> Iterator[Reference]:
    for n, text in enumerate(texts):
        target = target_or_none(text)
        if target is not None and target.kind in _TARGETS:
            yield Reference(f"{at}/{n}", _TARGETS[target.kind], target.name)


def _policy(policy: sla.Policy) -> Iterator[Reference]:
    yield from _when(policy.when)
    yield from _calendar("/calendar", policy.calendar)
    yield from _one("/escalation", "escalation_policies", policy.escalation)
    yield from _many("/pauses", "status", policy.pauses)
    for n, target in enumerate(policy.targets):
        at = f"/targets/{n}"
        yield from _calendar(f"{at}/calendar", target.calendar)
        yield from _one(f"{at}/escalation", "escalation_policies", target.escalation)
        yield from _many(f"{at}/pauses", "status", target.pauses or ())
        if isinstance(target.budget, dict):
            for priority in target.budget:
                yield Reference(f"{at}/budget{pointer(priority)}", "priority", priority)


def _calendar(at: str, key: str | None) -> Iterator[Reference]:
    return _one(at, "calendars", None if key == sla.OF_THE_TEAM else key)


def _rule(rule: routing.Rule) -> Iterator[Reference]:
    yield from _when(rule.when)
    yield from _one("/team", "teams", rule.team)
    for n, step in enumerate(rule.relaxation):
        yield from _one(f"/relaxation/{n}/team", "teams", step.team)


def _entrance(entrance: Form | Mailbox | MessageAccount | Line) -> Iterator[Reference]:
    return _one("/region", "regions", entrance.region)


def _line(line: Line) -> Iterator[Reference]:
    yield from _entrance(line)
    for name, agent in line.agents.items():
        yield from _one(f"/agents/{name}", "agents", agent)


def _pager(pager: Pager) -> Iterator[Reference]:
    return _heard("/to", pager.to)


def target_or_none(text: str) -> Target | None:
    """The target a text stands for, if any; that it stands for none is said elsewhere."""
    try:
        return read_target(text)
    except ValueError:
        return None


def _for(kind: type[T], read: Callable[[T], Iterator[Reference]]) -> Callable[[Struct], Iterator[Reference]]:
    def reader(found: Struct) -> Iterator[Reference]:
        return read(found) if isinstance(found, kind) else iter(())

    return reader


_READ: dict[str, Callable[[Struct], Iterator[Reference]]] = {
    "settings": _for(Settings, _settings),
    "regions": _for(routing.Region, _region),
    "teams": _for(Team, _team),
    "agents": _for(Agent, _agent),
    "on_call_schedules": _for(OnCallSchedule, _schedule),
    "escalation_policies": _for(EscalationPolicy, _escalation),
    "escalation_rules": _for(EscalationRule, _escalation_rule),
    "sla_policies": _for(sla.Policy, _policy),
    "routing_rules": _for(routing.Rule, _rule),
    "forms": _for(Form, _entrance),
    "mailboxes": _for(Mailbox, _entrance),
    "message_accounts": _for(MessageAccount, _entrance),
    "hotlines": _for(Line, _line),
    "pagers": _for(Pager, _pager),
}
