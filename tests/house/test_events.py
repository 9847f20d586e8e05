"""Every line a ticket's history can have has a name that webhooks may ask for."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from sla.events import EventType
from tickets.domain.history import EVENTS, event_name

SOURCE = Path(__file__).parents[2] / "src" / "tickets"
BESIDE_A_CHANGE = {"delivered", "page_withdrawn", "page_gathered", "customer_erased", "set_aside"}
"""Lines that are added to a history without changing the ticket: nobody is told of these."""


def lines() -> Iterator[str]:
    """What the code writes as the type of a line, where it stands there as it is."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == "note" and node.args and isinstance(node.func, ast.Attribute):
                said: list[ast.expr] = node.args[:1] if getattr(node.func.value, "id", "") == "draw" else []
            elif called == "Happened":
                said = [word.value for word in node.keywords if word.arg == "type"]
            else:
                continue
            yield from (
                part.value for part in said if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )


def test_no_line_is_without_a_name() -> None:
    found = set(lines())
    assert {"opened", "assigned", "alert_raised", "delivery_dead"} <= found
    nameless = {event_name(line) for line in found - BESIDE_A_CHANGE} - set(EVENTS)
    assert not nameless, f"name them in domain/history.py, so that webhooks can ask for them: {nameless}"
    assert {f"sla.{kind}" for kind in get_args(EventType)} <= set(EVENTS)
