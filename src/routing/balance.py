"""What is left of everybody while one pass hands out tickets."""

from datetime import datetime, timedelta

import msgspec

from routing.ranking import Order
from routing.roster import Mask, Roster, bits
from routing.rules import Strategy

INSTANT = timedelta(microseconds=1)


class Balance:
    """The roster's availability at `now`, less what this pass has already given away or set aside."""

    def __init__(self, roster: Roster, now: datetime) -> None:
        self.roster = roster
        self.now = now
        self.seen = list(roster.availability)
        self.reserved: Mask = 0
        self._given = 0
        self._rooms: dict[int, Mask] = {}
        self._orders: dict[Strategy, Order] = {}

    def free(self, i: int) -> int:
        """Units of capacity the agent has left; below 0 if their capacity was cut meanwhile."""
        return self.roster.agents[i].capacity - self.seen[i].load

    def room(self, weight: int) -> Mask:
        """Agents with so many units left."""
        if weight not in self._rooms:
            everyone = range(len(self.seen))
            self._rooms[weight] = self.roster.mask(i for i in everyone if self.free(i) >= weight)
        return self._rooms[weight]

    def order(self, strategy: Strategy) -> Order:
        """Agents as the strategy would ask them by now."""
        if strategy not in self._orders:
            self._orders[strategy] = Order(self.roster.agents, self.seen, strategy)
        return self._orders[strategy]

    def give(self, i: int, weight: int) -> datetime:
        """Add a ticket to what the agent holds; the instant tells it from the others given in this pass."""
        seen = self.seen[i]
        given_at = self.now + self._given * INSTANT
        self._given += 1
        self.seen[i] = msgspec.structs.replace(
            seen, load=seen.load + weight, last_assigned_at=given_at, idle_since=None
        )
        for order in self._orders.values():
            order.move(i, self.seen[i])
        for asked, room in self._rooms.items():
            if self.free(i) < asked:
                self._rooms[asked] = room & ~(1 << i)
        return given_at

    def reserve(self, among: Mask, weight: int) -> None:
        """Keep the agent nearest to having `weight` units left from taking anything smaller this time.

        Without it a heavy ticket would starve: light ones would take every unit the moment it came free.
        """
        pool = among & self.roster.sized(weight) & ~self.reserved
        if pool:
            self.reserved |= 1 << max(bits(pool), key=lambda i: (self.free(i), -i))
