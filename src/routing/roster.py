"""The roster: every agent with their availability, indexed so that a question is a little bit arithmetic.

Bit i of a mask (a plain int) stands for the i-th agent in the order of keys.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from functools import cache
from typing import TypeVar

from routing.agents import Agent, Availability, check_agents
from routing.errors import refuse
from routing.regions import Region, RegionTree

Mask = int
Key = TypeVar("Key")
_ABSENT = Availability()


class Roster:
    """Agents with their availability.

    Every agent there is belongs in it, offline ones included: only then can routing tell a ticket that must
    wait from one that nobody could ever take. An agent without an availability is offline; an availability
    without an agent (deleted meanwhile) is ignored. Nobody is offered a ticket whose shift ends within
    `wind_down`.

    Raises:
        InvalidError: an agent twice, or regions that are no tree.
    """

    def __init__(
        self,
        agents: Sequence[Agent],
        availability: Mapping[str, Availability],
        regions: Sequence[Region] = (),
        *,
        wind_down: timedelta = timedelta(0),
    ) -> None:
        refuse(check_agents(agents))
        self.agents = sorted(agents, key=lambda agent: agent.key)
        self.place = {agent.key: i for i, agent in enumerate(self.agents)}
        self.tree = RegionTree(regions)
        self.wind_down = wind_down
        self.everyone: Mask = (1 << len(self.agents)) - 1
        self._teams = self._index(lambda agent: agent.teams)
        self._skills = self._index(_skills_at_each_level)
        self._languages = self._index(lambda agent: agent.languages)
        self._regions = self._index(lambda agent: agent.regions)
        self._every_language = self.where(lambda agent: not agent.languages)
        self._everywhere = self.where(lambda agent: not agent.regions)
        self.sized = cache(lambda weight: self.where(lambda agent: agent.capacity >= weight))
        self.serving = cache(self._serving)
        self.innermost = cache(self._innermost)
        self._see(availability)

    def seen_with(self, availability: Mapping[str, Availability]) -> "Roster":
        """The same agents at another instant, without indexing what they can do once more."""
        other = copy(self)
        other._see(availability)  # noqa: SLF001  # our own copy, not yet shown to anybody
        return other

    def in_teams(self, teams: Iterable[str]) -> Mask:
        """Agents in any of the teams."""
        return _union(self._teams.get(team, 0) for team in teams)

    def skilled(self, skill: str, level: int) -> Mask:
        """Agents who have the skill at the level or above."""
        return self._skills.get((skill, level), 0)

    def speaking(self, languages: Iterable[str]) -> Mask:
        """Agents who speak any of the languages, or are not tied to one."""
        return self._every_language | _union(self._languages.get(language, 0) for language in languages)

    def leaving(self, now: datetime) -> Mask:
        """Agents whose shift is over, or ends too soon to begin something."""
        soon = now + self.wind_down
        return self.mask(i for i, ends_at in self.shift_ends if ends_at <= soon)

    def where(self, holds: Callable[[Agent], bool]) -> Mask:
        """Agents for whom `holds` is true."""
        return self.mask(i for i, agent in enumerate(self.agents) if holds(agent))

    def mask(self, places: Iterable[int]) -> Mask:
        """The mask with these bits set, in time linear in the roster."""
        octets = bytearray(len(self.agents) // 8 + 1)
        for i in places:
            octets[i >> 3] |= 1 << (i & 7)
        return int.from_bytes(octets, "little")

    def _serving(self, region: str, widened: int) -> Mask:
        line = self.tree.line(region)
        if widened >= len(line):
            return self.everyone
        reached = self.tree.inside(line[widened]) if widened else frozenset[str]()
        return self._everywhere | _union(self._regions.get(key, 0) for key in reached.union(line[widened:]))

    def _innermost(self, regions: frozenset[str]) -> tuple[str, ...]:
        return tuple(sorted(self.tree.innermost(regions)))

    def _see(self, availability: Mapping[str, Availability]) -> None:
        self.availability = [availability.get(agent.key, _ABSENT) for agent in self.agents]
        present: dict[str, list[int]] = {}
        for i, seen in enumerate(self.availability):
            present.setdefault(seen.presence, []).append(i)
        self.absent = {
            presence: self.mask(present.get(presence, ())) for presence in ("away", "offline", "on_leave")
        }
        self.online = self.mask(present.get("online", ()))
        self.shift_ends = [
            (i, seen.shift_ends_at)
            for i, seen in enumerate(self.availability)
            if seen.shift_ends_at is not None
        ]

    def _index(self, keys: Callable[[Agent], Iterable[Key]]) -> dict[Key, Mask]:
        places: dict[Key, list[int]] = {}
        for i, agent in enumerate(self.agents):
            for key in keys(agent):
                places.setdefault(key, []).append(i)
        return {key: self.mask(found) for key, found in places.items()}


def bits(mask: Mask) -> Iterator[int]:
    """The places of the bits that are set, lowest first."""
    for at, octet in enumerate(mask.to_bytes((mask.bit_length() + 7) // 8, "little")):
        rest = octet
        while rest:
            low = rest & -rest
            yield (at << 3) + low.bit_length() - 1
            rest ^= low


def _union(masks: Iterable[Mask]) -> Mask:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _skills_at_each_level(agent: Agent) -> Iterator[tuple[str, int]]:
    return ((skill, level) for skill, top in agent.skills.items() for level in range(1, top + 1))
