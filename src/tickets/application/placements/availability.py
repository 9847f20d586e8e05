"""Who is there at an instant: what is stored of agents, and their shifts, as routing sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

import routing
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.ports import AgentState

_PRESENCE: Mapping[str, routing.Presence] = {each: each for each in get_args(routing.Presence)}


def roster_at(desk: CompiledDesk, states: Sequence[AgentState], now: datetime) -> routing.Roster:
    """The agents as available as they are at `now`: outside their shift they are offline."""
    shifts = desk.shifts.open_until(now)
    return desk.roster({state.key: _availability(state, shifts) for state in states})


def _availability(state: AgentState, shifts: Mapping[str, datetime | None]) -> routing.Availability:
    ends_at = shifts.get(state.key)
    there = ends_at is not None or state.key not in shifts
    return routing.Availability(
        presence=_PRESENCE[state.presence] if there else "offline",
        load=state.load,
        last_assigned_at=state.last_assigned_at,
        idle_since=state.idle_since,
        shift_ends_at=ends_at,
    )
