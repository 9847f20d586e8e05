"""Agents: what each can do, and how much of them is free at this instant."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from routing.errors import Fault
from routing.skills import SkillLevel

Presence = Literal["online", "away", "offline", "on_leave"]
"""Only `online` agents are given tickets."""


class Agent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an agent can do: configuration, the same all day.

    `capacity` counts units, as the weight of a ticket does; 0 means never given any. Empty `languages` or
    `regions` mean the agent is not tied to any: every language, everywhere.
    """

    key: str
    name: str = ""
    teams: tuple[str, ...] = ()
    skills: dict[str, SkillLevel] = {}
    languages: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    capacity: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 1


class Availability(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The live part of an agent, read in the same transaction that will store the decision.

    `load` is the weight of the tickets held, in units. `last_assigned_at` is stored, never kept in memory,
    so fairness survives a restart; `idle_since` is when the agent last came free or online. The agent is
    offered nothing once `shift_ends_at` is closer than the roster's `wind_down`.
    """

    presence: Presence = "offline"
    load: Annotated[int, msgspec.Meta(ge=0)] = 0
    last_assigned_at: datetime | None = None
    idle_since: datetime | None = None
    shift_ends_at: datetime | None = None


def check_agents(agents: Sequence[Agent]) -> tuple[Fault, ...]:
    """Every fault of a list of agents; pointers start at the list."""
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, agent in enumerate(agents):
        if agent.key in seen:
            faults.append(Fault(f"/{index}/key", f"agent {agent.key!r} is listed twice"))
        seen.add(agent.key)
    return tuple(faults)
