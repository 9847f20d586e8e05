"""What on-call schedules and escalation policies may say, so that whoever is to hear can be reached."""

import routing
import sla
from tickets.application.desk.duty_watch import lead_of
from tickets.application.desk.fault import Faults
from tickets.application.desk.model import Desk
from tickets.application.desk.targets import always_somebody, has_no_email, understood
from tickets.intake.unreadable import pointer


def check_schedules(desk: Desk, faults: Faults) -> None:
    """Note what cannot be of schedules, and whoever they promise to tell and cannot."""
    for key, schedule in desk.on_call_schedules.items():
        for fault in routing.check_schedule(schedule):
            faults.add(pointer("on_call_schedules", key) + fault.pointer, fault.message)
        if (warning := schedule.gap_warning) is not None:
            at = pointer("on_call_schedules", key, "gap_warning")
            if lead_of(warning) is None:
                faults.add(f"{at}/before", f"{warning.before!r} is no time such as PT24H, 28 days at most")
            always_somebody(desk, warning.notify, f"{at}/notify", faults)
        if schedule.hand_off_notice:
            _hand_offs_reach(desk, key, faults)


def _hand_offs_reach(desk: Desk, schedule: str, faults: Faults) -> None:
    """Note who is to be told of hand-offs and cannot be."""
    found = desk.on_call_schedules[schedule]
    answering = [
        (f"/layers/{n}/agents/{m}", agent)
        for n, layer in enumerate(found.layers)
        for m, agent in enumerate(layer.agents)
    ]
    answering += [(f"/overrides/{n}/agent", each.agent) for n, each in enumerate(found.overrides)]
    for at, agent in answering:
        if has_no_email(desk, agent):
            faults.add(
                pointer("on_call_schedules", schedule) + at,
                f"agent {agent!r} has no e-mail address to be told of hand-offs at",
            )


def check_escalations(desk: Desk, faults: Faults) -> None:
    """Note levels that cannot be told apart or reach nobody, and policies that nothing begins."""
    for key, policy in desk.escalation_policies.items():
        at = pointer("escalation_policies", key)
        names: set[str] = set()
        for n, level in enumerate(policy.levels):
            if level.name in names:
                faults.add(f"{at}/levels/{n}/name", f"a second level called {level.name!r}")
            names.add(level.name)
            if level.name == sla.FALLBACK:
                faults.add(f"{at}/levels/{n}/name", f"{sla.FALLBACK!r} is the level behind the last")
            understood(level.notify, f"{at}/levels/{n}/notify", faults)
        always_somebody(desk, policy.fallback, f"{at}/fallback", faults)
        for field in ("acknowledge_within", "patience"):
            text: str | None = getattr(policy, field)
            if text is not None and not _is_time(text):
                faults.add(f"{at}/{field}", f"{text!r} is no time such as PT15M")
    for key, promising in desk.sla_policies.items():
        named = {pointer("escalation"): promising.escalation} | {
            pointer("targets", n, "escalation"): target.escalation
            for n, target in enumerate(promising.targets)
        }
        for field, name in named.items():
            found = desk.escalation_policies.get(name or "")
            if found is not None and not found.around_due:
                faults.add(
                    pointer("sla_policies", key) + field,
                    f"no level of {name!r} is relative to due, so nothing begins it: give it one",
                )


def _is_time(text: str) -> bool:
    try:
        budget = sla.parse_budget(text)
    except sla.BudgetError:
        return False
    return not budget.days and not budget.is_empty
