"""What the engine says happened."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from sla.metrics import Metric

EventType = Literal[
    "applied",
    "activated",
    "paused",
    "resumed",
    "fulfilled",
    "breached",
    "at_risk",
    "escalation_due",
    "updated",
    "cancelled",
]
"""applied: a promise covers the ticket. activated: a cycle of its clock began. updated: other terms apply."""


class Event(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that became true of one clock.

    Attributes:
        cycle: which cycle of the metric's clock, from 1; 0 where none has begun (`applied`).
        policy: key of the policy that promised.
        occurred_at: when it became true; for a breach the due instant, however late it was noticed.
        due_at: the due instant as it stands after the event; None while paused or when nothing is due.
        level: name of the escalation level (`escalation_due`).
        repeat: 0 for the level's first firing, then 1, 2, …
        covers: levels passed since the last look that this one speaks for too, lowest first.
        late: for `fulfilled`, whether it came after the due instant.
    """

    type: EventType
    metric: Metric
    cycle: int
    policy: str
    occurred_at: datetime
    due_at: datetime | None = None
    level: str | None = None
    repeat: int = 0
    covers: tuple[str, ...] = ()
    late: bool | None = None
