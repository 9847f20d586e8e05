"""In which order the agents who may take a ticket are asked."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from datetime import UTC, datetime
from typing import NamedTuple

from routing.agents import Agent, Availability
from routing.index import Index, Levels
from routing.masks import Mask, bits, few
from routing.rules import Rule, Strategy

FEW = 16
"""Up to so many agents are sorted on the spot, without keeping an order."""
NEVER = datetime.min.replace(tzinfo=UTC)

Key = tuple[float, datetime, int]


def _least_loaded(agent: Agent, seen: Availability) -> tuple[float, datetime]:
    """Smallest share of capacity in use (equal shares are equal floats: division rounds correctly)."""
    return seen.load / agent.capacity if agent.capacity else 1.0, seen.last_assigned_at or NEVER


def _round_robin(_agent: Agent, seen: Availability) -> tuple[float, datetime]:
    """Whoever was given something longest ago, whatever they hold."""
    return 0.0, seen.last_assigned_at or NEVER


def _longest_idle(_agent: Agent, seen: Availability) -> tuple[float, datetime]:
    """Those with nothing to do first, the one idle longest before all."""
    return float(seen.load > 0), seen.idle_since or seen.last_assigned_at or NEVER


_KEYS: dict[Strategy, Callable[[Agent, Availability], tuple[float, datetime]]] = {
    "best_fit": _least_loaded,
    "least_loaded": _least_loaded,
    "round_robin": _round_robin,
    "longest_idle": _longest_idle,
}


def rank(strategy: Strategy, agent: Agent, seen: Availability, i: int) -> Key:
    """Where the i-th agent stands by a strategy: the smallest comes first, and no two are the same."""
    return (*_KEYS[strategy](agent, seen), i)


def in_order(
    agents: Sequence[Agent], strategy: Strategy, among: Mask, seen: Callable[[int], Availability]
) -> list[int]:
    """The agents of a mask as a strategy asks them, sorted on the spot."""
    return [key[-1] for key in sorted([rank(strategy, agents[i], seen(i), i) for i in few(among)])]


class Peers(NamedTuple):
    """Members of any of the teams, with exactly these levels (0: none) of these skills."""

    teams: tuple[str, ...]
    levels: Levels

    def mask(self, index: Index) -> Mask:
        """All of them."""
        members = index.in_teams(self.teams)
        for skill, level in self.levels:
            members &= index.skilled(skill, level) if level else index.everyone
            members &= ~index.skilled(skill, level + 1)
        return members


class Order:
    """Some agents in the order of one strategy, kept sorted as they take and finish work."""

    def __init__(
        self,
        agents: Sequence[Agent],
        members: Mask,
        strategy: Strategy,
        seen: Callable[[int], Availability],
    ) -> None:
        self._agents = agents
        self._members = self._octets(members)
        self._strategy = strategy
        self._sorted = sorted(self._key(i, seen(i)) for i in bits(members))

    def copy(self) -> "Order":
        """The same order, to be moved about in on its own."""
        other = copy(self)
        other._sorted = self._sorted.copy()  # noqa: SLF001  # our own copy
        return other

    def move(self, i: int, before: Availability, after: Availability) -> None:
        """Put an agent where their new availability belongs, if it is one of these."""
        if not self._members[i >> 3] >> (i & 7) & 1:
            return
        was, becomes = self._key(i, before), self._key(i, after)
        if was != becomes:
            del self._sorted[bisect_left(self._sorted, was)]
            insort(self._sorted, becomes)

    def walk(self, among: Mask, left: int, seen: Callable[[int], Availability]) -> Iterator[int]:
        """The agents of a mask, so many; in order. Those rare in a long order are sorted on the spot."""
        if left * left <= len(self._sorted):
            yield from in_order(self._agents, self._strategy, among, seen)
            return
        octets = self._octets(among)
        for _, _, i in self._sorted:
            if octets[i >> 3] >> (i & 7) & 1:
                yield i
                left -= 1
                if not left:
                    return

    def _octets(self, mask: Mask) -> bytes:
        """A mask in which one bit is found at once, however long it is."""
        return mask.to_bytes(len(self._agents) // 8 + 1, "little")

    def _key(self, i: int, seen: Availability) -> Key:
        return rank(self._strategy, self._agents[i], seen, i)


_AT_ONCE = 2
"""Levels of so many skills are looked up together; of further ones, only among those who have these."""


def alike(index: Index, rule: Rule, among: Mask) -> Iterator[tuple[Levels, Mask]]:
    """Agents equally fit, fittest first: with `best_fit` by the rule's first skill, then its second, ..."""
    if rule.strategy == "best_fit":
        return _by_skill(index, tuple([wish.skill for wish in rule.skills]), among)
    return iter((((), among),))


def _by_skill(index: Index, skills: tuple[str, ...], among: Mask) -> Iterator[tuple[Levels, Mask]]:
    rest = skills[_AT_ONCE:]
    for levels, those in index.levels(skills[:_AT_ONCE]):
        if equals := among & those:
            if rest:
                yield from ((levels + lower, mask) for lower, mask in _by_skill(index, rest, equals))
            else:
                yield levels, equals
            among ^= equals
            if not among:
                return
