"""Whom targets name, and what it takes to reach them."""

from collections.abc import Iterable

from tickets.application.desk.escalation import NAMED, Target
from tickets.application.desk.fault import Faults
from tickets.application.desk.model import Desk
from tickets.application.desk.references import target_or_none
from tickets.intake.addresses import normal_address
from tickets.intake.unreadable import pointer


def always_somebody(desk: Desk, texts: Iterable[str], at: str, faults: Faults) -> None:
    """Note targets that may turn out to be nobody, or out of reach."""
    for n, target in understood(texts, at, faults):
        calls = target.kind == "pager" and target.name in desk.pagers and desk.pagers[target.name].to
        if target.kind not in NAMED or target.kind == "on_call" or calls:
            faults.add(f"{at}/{n}", "may be nobody; name an agent, e-mail, webhook or the pager of a room")
        elif target.kind == "agent" and has_no_email(desk, target.name):
            faults.add(f"{at}/{n}", f"agent {target.name!r} has no e-mail address")


def has_no_email(desk: Desk, agent: str) -> bool:
    """Whether there is an agent of that key, though no address; unknown agents are noted elsewhere."""
    return agent in desk.agents and desk.agents[agent].email is None


def understood(texts: Iterable[str], at: str, faults: Faults) -> list[tuple[int, Target]]:
    """Those of some targets that stand for anything, with their places; the others are noted."""
    found: list[tuple[int, Target]] = []
    for n, text in enumerate(texts):
        target = target_or_none(text)
        if target is None:
            forms = "assignee, team_lead, team, agent:…, on_call:…, webhook:…, pager:… and email:…"
            faults.add(f"{at}/{n}", f"{text!r} is none of {forms}")
        elif target.kind == "email" and normal_address(target.name) is None:
            faults.add(f"{at}/{n}", f"{target.name!r} is no e-mail address")
        else:
            found.append((n, target))
    return found


def check_pagers(desk: Desk, faults: Faults) -> None:
    """Note every pager that cannot ring."""
    for key, pager in desk.pagers.items():
        at = pointer("pagers", key)
        if pager.service in {"telegram", "ntfy"} and not pager.room:
            faults.add(f"{at}/service", f"{pager.service} needs `room`: the chat or topic it writes to")
        if (pager.service == "phone") != bool(pager.to):
            faults.add(f"{at}/to", "whom a `phone` calls, and only a `phone`: agent:… or on_call:…")
        for n, target in understood(pager.to, f"{at}/to", faults):
            if target.kind not in {"agent", "on_call"}:
                faults.add(f"{at}/to/{n}", "has no telephone; name agents or on-call schedules")
