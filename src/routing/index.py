"""What agents can do, indexed once so that a question about all of them is a little bit arithmetic."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import TypeVar

from routing.agents import Agent, check_agents
from routing.errors import refuse
from routing.masks import Mask, mask_of, union
from routing.regions import Region, RegionTree
from routing.skills import HIGHEST

Key = TypeVar("Key")
Levels = tuple[tuple[str, int], ...]
"""How much of each of some skills; 0: nothing."""


class Index:
    """A mask for every team, skill and level, language and region; it never changes.

    Raises:
        InvalidError: an agent twice, or regions that are no tree.
    """

    def __init__(self, agents: Sequence[Agent], regions: Sequence[Region]) -> None:
        refuse(check_agents(agents))
        self.agents = sorted(agents, key=lambda agent: agent.key)
        self.place = {agent.key: i for i, agent in enumerate(self.agents)}
        self.tree = RegionTree(regions)
        self.everyone: Mask = (1 << len(self.agents)) - 1
        self._teams = self._masks(lambda agent: agent.teams)
        self._skills = self._masks(_skills_at_each_level)
        self._languages = self._masks(lambda agent: agent.languages)
        self._regions = self._masks(lambda agent: agent.regions)
        self._every_language = self.where(lambda agent: not agent.languages)
        self._everywhere = self.where(lambda agent: not agent.regions)
        self.sized = cache(lambda weight: self.where(lambda agent: agent.capacity >= weight))
        self.levels = cache(self._levels)
        self.serving = cache(self._serving)
        self.innermost = cache(self._innermost)

    def places(self, *keys: str) -> Mask:
        """The agents of these keys; keys of nobody (deleted meanwhile) are ignored."""
        return union(1 << self.place[key] for key in keys if key in self.place)

    def in_teams(self, teams: Iterable[str]) -> Mask:
        """Agents in any of the teams."""
        return union(self._teams.get(team, 0) for team in teams)

    def skilled(self, skill: str, level: int) -> Mask:
        """Agents who have the skill at the level or above."""
        return self._skills.get((skill, level), 0)

    def speaking(self, languages: Iterable[str]) -> Mask:
        """Agents who speak any of the languages, or are not tied to one."""
        return self._every_language | union(self._languages.get(language, 0) for language in languages)

    def where(self, holds: Callable[[Agent], bool]) -> Mask:
        """Agents for whom `holds` is true."""
        return self.mask(i for i, agent in enumerate(self.agents) if holds(agent))

    def mask(self, places: Iterable[int]) -> Mask:
        """The agents at these places."""
        return mask_of(places, len(self.agents))

    def _levels(self, skills: tuple[str, ...]) -> tuple[tuple[Levels, Mask], ...]:
        """Agents alike in these skills, fittest first: by the first skill, then by the second, ..."""
        if not skills:
            return (((), self.everyone),)
        found: list[tuple[Levels, Mask]] = []
        for levels, among in self._levels(skills[:-1]):
            left = among
            for level in range(HIGHEST, -1, -1):
                equals = left & self.skilled(skills[-1], level) if level else left
                if equals:
                    found.append(((*levels, (skills[-1], level)), equals))
                    left ^= equals
        return tuple(found)

    def _serving(self, region: str, widened: int) -> Mask:
        line = self.tree.line(region)
        if widened >= len(line):
            return self.everyone
        reached = self.tree.inside(line[widened]) if widened else frozenset[str]()
        return self._everywhere | union(self._regions.get(key, 0) for key in reached.union(line[widened:]))

    def _innermost(self, regions: frozenset[str]) -> tuple[str, ...]:
        return tuple(sorted(self.tree.innermost(regions)))

    def _masks(self, keys: Callable[[Agent], Iterable[Key]]) -> dict[Key, Mask]:
        places: dict[Key, list[int]] = {}
        for i, agent in enumerate(self.agents):
            for key in keys(agent):
                places.setdefault(key, []).append(i)
        return {key: self.mask(found) for key, found in places.items()}


def _skills_at_each_level(agent: Agent) -> Iterator[tuple[str, int]]:
    return ((skill, level) for skill, top in agent.skills.items() for level in range(1, top + 1))
