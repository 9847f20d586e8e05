"""What a desk may say though it is hardly meant: tickets that nobody could ever take, people out of reach."""

from collections.abc import Iterator

import routing
from tickets.application.desk.fault import Fault
from tickets.application.desk.model import Agent, Desk
from tickets.intake.unreadable import pointer


def warnings_of(desk: Desk) -> Iterator[Fault]:
    """Every warning, in the order of the kinds."""
    members = _members(desk)
    yield from _out_of_reach(desk)
    yield from _never_asked(desk)
    if "team" in desk.calendars:
        yield Fault(
            pointer("calendars", "team"), "policies cannot name it: `team` is the holding team's calendar"
        )
    for key, rule in desk.routing_rules.items():
        yield from _unroutable(rule, members.get(rule.team, []), pointer("routing_rules", key))


def _members(desk: Desk) -> dict[str, list[Agent]]:
    members: dict[str, list[Agent]] = {}
    for agent in desk.agents.values():
        for team in agent.teams:
            members.setdefault(team, []).append(agent)
    return members


def _unroutable(rule: routing.Rule, members: list[Agent], at: str) -> Iterator[Fault]:
    able = [agent for agent in members if agent.capacity > 0]
    if not able:
        yield Fault(f"{at}/team", f"nobody in team {rule.team!r} has capacity for a ticket")
        return
    for n, asked in enumerate(rule.skills):
        if not any(agent.skills.get(asked.skill, 0) >= asked.level for agent in able):
            yield Fault(f"{at}/skills/{n}", f"nobody in team {rule.team!r} has {asked}")


def _never_asked(desk: Desk) -> Iterator[Fault]:
    """Conditions on fields no form has. Other systems may send them, so this is no fault."""
    asked = {f"fields.{field.name}" for form in desk.forms.values() for field in form.fields}
    for kind in ("escalation_rules", "sla_policies", "routing_rules"):
        for key, found in getattr(desk, kind).items():
            for fact in found.when:
                if fact.startswith("fields.") and fact not in asked:
                    at = pointer(kind, key, "when", fact)
                    yield Fault(at, f"no form asks for {fact.removeprefix('fields.')!r}")


def _out_of_reach(desk: Desk) -> Iterator[Fault]:
    """People on call without an address: an alert for them goes to the fallback."""
    for key, schedule in desk.on_call_schedules.items():
        for n, layer in enumerate(schedule.layers):
            for place, name in enumerate(layer.agents):
                agent = desk.agents.get(name)
                if agent is not None and agent.email is None:
                    at = pointer("on_call_schedules", key, "layers", n, "agents", place)
                    yield Fault(at, f"agent {name!r} has no e-mail address")
