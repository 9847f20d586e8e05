"""A ticket's clocks as shown."""

from msgspec import Struct

import sla
from tickets.application.facts import clocks_of
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant


class ClockView(Struct, frozen=True, kw_only=True):
    """One clock as shown: `used` and `budget` are open time, ISO 8601."""

    metric: str
    cycle: int
    policy: str
    state: str
    started_at: Instant
    due_at: Instant | None
    budget: str
    used: str
    breached_at: Instant | None
    ended_at: Instant | None


def shown_clocks(ticket: Ticket) -> list[ClockView]:
    """The ticket's clocks, oldest first. `used` is as of the last signal."""
    return [
        ClockView(
            metric=clock.metric,
            cycle=clock.cycle,
            policy=clock.policy,
            state=clock.state,
            started_at=clock.started_at,
            due_at=clock.due_at,
            budget=sla.time_text(clock.budget),
            used=sla.time_text(clock.used),
            breached_at=clock.breached_at,
            ended_at=clock.ended_at,
        )
        for clock in clocks_of(ticket)
    ]
