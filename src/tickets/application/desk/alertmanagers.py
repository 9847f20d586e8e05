"""Alertmanagers of the desk: whether they can be told."""

import re

from tickets.application.desk.addresses import is_address
from tickets.application.desk.fault import Faults
from tickets.application.desk.model import Alertmanager, Desk
from tickets.intake.unreadable import pointer

OURS = frozenset(
    {"alertname", "severity", "priority", "metric", "level", "policy", "team", "channel", "ticket", "alert"}
)
"""The labels we give. `alert` alone tells alerts apart; none changes as long as its alert lives."""

LONGEST_LABEL = 200
"""In characters."""

_LABEL = re.compile(r"(?!__)[A-Za-z_][A-Za-z0-9_]*")


def check_alertmanagers(desk: Desk, faults: Faults) -> None:
    """Note every Alertmanager that could not be told, and labels it would not take."""
    for key, manager in desk.alertmanagers.items():
        at = pointer("alertmanagers", key)
        if not is_address(manager.url) or "?" in manager.url:
            faults.add(f"{at}/url", "needs the http or https address of its root, without user or password")
        if (manager.user is None) != (manager.password_env is None):
            faults.add(f"{at}/user", "`user` and `password_env` go together")
        if manager.token_env is not None and manager.user is not None:
            faults.add(f"{at}/token_env", "a token, or user and password: not both")
        _labels(manager, at, faults)


def _labels(manager: Alertmanager, at: str, faults: Faults) -> None:
    for name, value in manager.labels.items():
        there = at + pointer("labels", name)
        if not _LABEL.fullmatch(name):
            faults.add(there, f"{name!r} is no label: letters, digits and '_', no digit first")
        elif name in OURS:
            faults.add(there, f"every alert has its own {name!r}")
        elif not 0 < len(value) <= LONGEST_LABEL:
            faults.add(there, f"needs 1 to {LONGEST_LABEL} characters")
