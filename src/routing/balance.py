"""What is left of everybody while one pass hands out tickets; the roster itself stays as it was."""

from datetime import datetime, timedelta

import msgspec

from routing.agents import Availability
from routing.masks import Mask, bits
from routing.ranking import Order, Peers
from routing.roster import Roster
from routing.rules import Strategy

INSTANT = timedelta(microseconds=1)


class Balance:
    """The roster's availability at `now`, less what this pass has already given away or set aside.

    Nothing is copied until something is given: a pass of one decision reads what the roster remembers.
    """

    def __init__(self, roster: Roster, now: datetime) -> None:
        self.roster = roster
        self.now = now
        self.reserved: Mask = 0
        self._given = 0
        self._busier: dict[int, Availability] = {}
        self._packed: dict[int, Mask] = {}
        self._orders: dict[tuple[Peers, Strategy], Order] = {}

    def apart(self) -> "Balance":
        """The same, to be given away on its own."""
        other = Balance(self.roster, self.now)
        other._busier = self._busier.copy()
        other._given = self._given
        return other

    def seen(self, i: int) -> Availability:
        """The agent by now."""
        return self._busier.get(i) or self.roster.seen[i]

    def free(self, i: int) -> int:
        """Units of capacity the agent has left; below 0 if their capacity was cut meanwhile."""
        return self.roster.index.agents[i].capacity - self.seen(i).load

    def packed(self, weight: int) -> Mask:
        """Agents without so many units left."""
        if not self._busier:
            return self.roster.packed(weight)
        if weight not in self._packed:
            packed = self.roster.packed(weight)
            self._packed[weight] = packed | self.roster.index.mask(
                i for i in self._busier if self.free(i) < weight
            )
        return self._packed[weight]

    def order(self, peers: Peers, strategy: Strategy) -> Order:
        """These agents as the strategy would ask them by now."""
        if not self._busier:
            return self.roster.order(peers, strategy)
        asked = peers, strategy
        if asked not in self._orders:
            order = self._orders[asked] = self.roster.order(peers, strategy).copy()
            for i, seen in self._busier.items():
                order.move(i, self.roster.seen[i], seen)
        return self._orders[asked]

    def give(self, i: int, weight: int) -> datetime:
        """Add a ticket to what the agent holds; the instant tells it from the others given in this pass."""
        before = self.seen(i)
        given_at = self.now + self._given * INSTANT
        self._given += 1
        after = self._busier[i] = msgspec.structs.replace(
            before, load=before.load + weight, last_assigned_at=given_at, idle_since=None
        )
        for order in self._orders.values():
            order.move(i, before, after)
        left = self.roster.index.agents[i].capacity - after.load
        for asked, packed in self._packed.items():
            if left < asked:
                self._packed[asked] = packed | 1 << i
        return given_at

    def reserve(self, among: Mask, weight: int) -> None:
        """Keep the agent nearest to having `weight` units left from taking anything smaller this time.

        Without it a heavy ticket would starve: light ones would take every unit the moment it came free.
        """
        able = among & self.roster.index.sized(weight) & ~self.reserved
        if able:
            self.reserved |= 1 << max(bits(able), key=lambda i: (self.free(i), -i))
