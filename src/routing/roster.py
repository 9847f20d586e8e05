"""The roster: every agent with their availability, and what follows from it, kept as agents come and go."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from routing.agents import Agent, Availability
from routing.eligibility import Eligibility, Kinds, Sifted, Test, sift
from routing.index import Index
from routing.masks import Mask
from routing.ranking import Order, Peers
from routing.regions import Region
from routing.rules import Strategy

_ABSENT = Availability()
_MOST_REMEMBERED = 1024


class Roster:
    """Agents with their availability.

    Every agent there is belongs in it, offline ones included: only then can routing tell a ticket that must
    wait from one that nobody could ever take. An agent without an availability is offline; an availability
    without an agent (deleted meanwhile) is ignored. Nobody is offered a ticket whose shift ends within
    `wind_down`.

    What is asked of it is remembered: who can take tickets of a kind, who has room, who comes first. So keep
    one roster, and tell it what changes with `move`.

    Raises:
        InvalidError: an agent twice, or regions that are no tree.
    """

    _absent: tuple[Test, ...] | None
    _left: int

    def __init__(
        self,
        agents: Sequence[Agent],
        availability: Mapping[str, Availability],
        regions: Sequence[Region] = (),
        *,
        wind_down: timedelta = timedelta(0),
    ) -> None:
        self.index = Index(agents, regions)
        self.kinds = Kinds(self.index)
        self.wind_down = wind_down
        self._see(availability)

    def move(self, agent: str, seen: Availability) -> None:
        """Change one agent's availability, in place; of an agent there is not, nothing is kept."""
        i = self.index.place.get(agent)
        if i is None or (before := self.seen[i]) == seen:
            return
        self.seen[i] = seen
        for order in self._orders.values():
            order.move(i, before, seen)
        capacity = self.index.agents[i].capacity
        for weight, packed in self._packed.items():
            if (capacity - before.load < weight) != (capacity - seen.load < weight):
                self._packed[weight] = packed ^ 1 << i
        if (before.presence, before.shift_ends_at) != (seen.presence, seen.shift_ends_at):
            self._come_or_go(i, before, seen)

    def absent(self, now: datetime) -> tuple[Test, ...]:
        """Those who are not there, by reason."""
        left = bisect_right(self._shift_ends, (now + self.wind_down, len(self.seen)))
        if self._absent is None or left != self._left:
            leaving = self.index.mask(i for _, i in self._shift_ends[:left])
            presence = self._presence
            self._absent = (
                Test("away", "", presence["away"]),
                Test("offline", "", presence["offline"]),
                Test("on_leave", "", presence["on_leave"]),
                Test("shift_ending", "", leaving),
            )
            self._left = left
            self._there.clear()
        return self._absent

    def there(self, eligible: Eligibility, form: int, listed: int | None, now: datetime) -> Sifted:
        """Of those whom the form admits, who is there; remembered until somebody comes or goes."""
        absent = self.absent(now)
        question = eligible, form, listed
        if question not in self._there:
            if len(self._there) >= _MOST_REMEMBERED:
                self._there.clear()
            self._there[question] = sift(self.index, eligible.admitted[form], absent, listed)
        return self._there[question]

    def packed(self, weight: int) -> Mask:
        """Agents without so many units left."""
        if weight not in self._packed:
            agents = self.index.agents
            self._packed[weight] = self.index.mask(
                i for i, seen in enumerate(self.seen) if agents[i].capacity - seen.load < weight
            )
        return self._packed[weight]

    def order(self, peers: Peers, strategy: Strategy) -> Order:
        """These agents as the strategy would ask them."""
        if (peers, strategy) not in self._orders:
            members = peers.mask(self.index)
            order = Order(self.index.agents, members, strategy, self.seen.__getitem__)
            self._orders[peers, strategy] = order
        return self._orders[peers, strategy]

    def _see(self, availability: Mapping[str, Availability]) -> None:
        self.seen = [availability.get(agent.key, _ABSENT) for agent in self.index.agents]
        places: dict[str, list[int]] = {"online": [], "away": [], "offline": [], "on_leave": []}
        for i, seen in enumerate(self.seen):
            places[seen.presence].append(i)
        self._presence = {presence: self.index.mask(found) for presence, found in places.items()}
        ends = ((self.seen[i].shift_ends_at, i) for i in places["online"])
        self._shift_ends = sorted((ends_at, i) for ends_at, i in ends if ends_at is not None)
        self._left = 0
        self._absent = None
        self._there: dict[tuple[Eligibility, int, int | None], Sifted] = {}
        self._packed: dict[int, Mask] = {}
        self._orders: dict[tuple[Peers, Strategy], Order] = {}

    def _come_or_go(self, i: int, before: Availability, seen: Availability) -> None:
        self._presence[before.presence] ^= 1 << i
        self._presence[seen.presence] ^= 1 << i
        if before.presence == "online" and before.shift_ends_at:
            del self._shift_ends[bisect_left(self._shift_ends, (before.shift_ends_at, i))]
        if seen.presence == "online" and seen.shift_ends_at:
            insort(self._shift_ends, (seen.shift_ends_at, i))
        self._absent = None
