"""A ticket that waits for an agent, and how urgent it is."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Literal

import msgspec

Priority = Literal["low", "normal", "high", "urgent"]

PATIENCE: Mapping[Priority, timedelta] = MappingProxyType(
    {
        "urgent": timedelta(minutes=15),
        "high": timedelta(hours=1),
        "normal": timedelta(hours=4),
        "low": timedelta(hours=24),
    }
)
"""How long a ticket of each priority may wait before its age alone makes it due."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What routing needs to know of a ticket without an assignee.

    `breach_at` is the next instant a promise to the customer would be broken; `weight` is in units of
    capacity. `excluded` are agents who refused it or let it time out in this round, `sticky` the one who
    knows this customer.
    """

    id: str
    facts: dict[str, frozenset[str]]
    priority: Priority
    waiting_since: datetime
    breach_at: datetime | None = None
    weight: Annotated[int, msgspec.Meta(ge=1)] = 1
    excluded: frozenset[str] = frozenset()
    sticky: str | None = None


def wanted_by(waiting: Waiting) -> datetime:
    """The instant by which the ticket should have an agent; the earliest goes first.

    It is the breach or the end of the priority's patience, whichever comes first. It does not move as time
    passes, so a ticket can only be overtaken by those that arrive within its own patience (at most 24 hours):
    nobody starves, and a database can keep the queue in this order.
    """
    patient_until = waiting.waiting_since + PATIENCE[waiting.priority]
    return patient_until if waiting.breach_at is None else min(waiting.breach_at, patient_until)


def urgency(waiting: Waiting) -> tuple[datetime, timedelta, datetime, str]:
    """Sorts tickets, most urgent first; total, so the same tickets always come in the same order."""
    return wanted_by(waiting), PATIENCE[waiting.priority], waiting.waiting_since, waiting.id
