"""In which order the agents who may take a ticket are asked."""

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from routing.agents import Agent, Availability
from routing.roster import Mask, Roster, bits
from routing.rules import Rule, Strategy
from routing.skills import HIGHEST

NEVER = datetime.min.replace(tzinfo=UTC)
FEW = 8
"""Up to so many candidates are compared with one another; more, and the whole order is walked."""

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


class Order:
    """All agents in the order of one strategy, kept sorted while tickets are handed out."""

    def __init__(self, agents: Sequence[Agent], seen: Sequence[Availability], strategy: Strategy) -> None:
        self._agents = agents
        self._key = _KEYS[strategy]
        self.keys = [self._key_of(i, availability) for i, availability in enumerate(seen)]
        self._sorted = sorted(self.keys)

    def first(self, among: Mask) -> int:
        """The first of the agents in a mask that is not empty."""
        if among.bit_count() <= FEW:
            return min(bits(among), key=self.keys.__getitem__)
        octets = among.to_bytes(len(self.keys) // 8 + 1, "little")
        return next(i for _, _, i in self._sorted if octets[i >> 3] >> (i & 7) & 1)

    def move(self, i: int, seen: Availability) -> None:
        """Put an agent where their new availability belongs."""
        del self._sorted[bisect_left(self._sorted, self.keys[i])]
        self.keys[i] = self._key_of(i, seen)
        insort(self._sorted, self.keys[i])

    def _key_of(self, i: int, seen: Availability) -> Key:
        return (*self._key(self._agents[i], seen), i)


def fittest(roster: Roster, rule: Rule, among: Mask) -> Mask:
    """With `best_fit`, those strongest in the rule's first skill, of them in its second, and so on."""
    if rule.strategy != "best_fit":
        return among
    for wish in rule.skills:
        for level in range(HIGHEST, 0, -1):
            strongest = among & roster.skilled(wish.skill, level)
            if strongest:
                among = strongest
                break
    return among


def fitness(rule: Rule, agent: Agent) -> tuple[int, ...]:
    """The same order for one agent, as a key to sort by (smallest is the fittest)."""
    if rule.strategy != "best_fit":
        return ()
    return tuple(-agent.skills.get(wish.skill, 0) for wish in rule.skills)
