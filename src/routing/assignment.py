"""Who gets what so that the whole costs least: rows come one by one, columns have room for several."""

import sys
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

Row = Mapping[int, int]
"""What each column it may have costs a row; not negative."""

FAR = sys.maxsize


class Assignment:
    """A cheapest assignment of the rows added so far; rows of one kind (an index of `rows`) cost the same.

    Each new row starts a shortest path of moves from column to column, by the prices of the full ones
    (successive shortest paths: Jonker and Volgenant 1987, with capacities). `price` proves it by duality: it
    is at most 0, below 0 only where a column is full, and each row has the column where its cost less the
    price is smallest. A row once assigned is moved but
    never dropped: so rows added earlier come first, and as many find a place as can. `first` chooses among
    columns with room that come to the same cost; it is told which kind would go there.

    Prices only ever make a column dearer, and columns only ever fill up. So of each kind's columns, cheapest
    first, only those are looked at that cost no more than one with room already found.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        room: Mapping[int, int],
        first: Callable[[list[int], int], int] = lambda columns, _kind: min(columns),
    ) -> None:
        self.rows = rows
        self.room = dict(room)
        self.held: dict[int, dict[int, list[str]]] = {column: {} for column in room}
        self._first = first
        self.price = dict.fromkeys(room, 0)
        self._hopeless: set[int] = set()
        self._kinds = [_Kind(row) for row in rows]

    def add(self, row: str, kind: int) -> int | None:
        """Find a place for one more row; the column that is one fuller for it, None when there is none."""
        if kind in self._hopeless:
            return None
        way = _Way(kind, self._kinds, self.room, self.price)
        while way.reach:
            near = min(way.reach.values())
            nearest = [column for column, far in way.reach.items() if far == near]
            if near == way.enough:
                ends = [column for column in nearest if self.room[column]]
                end = ends[0] if len(ends) == 1 else self._first(ends, way.mover(ends[0])[0])
                for column, far in way.settled.items():
                    self.price[column] += far - near
                self._shift(row, end, way)
                return end
            enough = way.enough
            for column in nearest:
                way.settled[column] = way.reach.pop(column)
                for other in self.held[column]:
                    if other not in way.asked:
                        way.lead_on(other, self.rows[other][column], column, enough)
        self._hopeless |= way.asked  # whatever they may have is full of one another, and stays so
        return None

    def column_of(self) -> dict[str, int]:
        """The column each row has."""
        return {row: column for column, kinds in self.held.items() for rows in kinds.values() for row in rows}

    def _shift(self, row: str, end: int, way: "_Way") -> None:
        """Move a row on from each column of the path, the new one onto the first."""
        self.room[end] -= 1
        column: int | None = end
        while column is not None:
            kind, origin = way.mover(column)
            moved = row
            if origin is not None:
                moved = self.held[origin][kind].pop()
                if not self.held[origin][kind]:
                    del self.held[origin][kind]
            self.held[column].setdefault(kind, []).append(moved)
            column = origin


class _Kind:
    """The columns that rows of a kind may have, cheapest first."""

    def __init__(self, row: Row) -> None:
        self._columns = sorted(row.items(), key=itemgetter(1))
        self._costs = [cost for _, cost in self._columns]
        self._full = 0

    def up_to(self, cost: int) -> list[tuple[int, int]]:
        """Columns that cost no more than so much, and what they cost."""
        return self._columns[: bisect_right(self._costs, cost)]

    def nearest_room(self, room: Mapping[int, int]) -> int:
        """What the cheapest column with room costs; columns that were full once stay so."""
        for column, cost in self._columns[self._full :]:
            if room[column]:
                return cost
            self._full += 1
        return FAR


class _Way:
    """The search for one row's place: how far each column is, and by whose move it comes free.

    `enough` is how far the nearest column with room is, as far as is known: nothing beyond is remembered.
    """

    def __init__(
        self, kind: int, kinds: Sequence[_Kind], room: Mapping[int, int], price: Mapping[int, int]
    ) -> None:
        self.asked = {kind}
        self.settled: dict[int, int] = {}
        self.enough = kinds[kind].nearest_room(room)
        self._kind = kind
        self._kinds = kinds
        self._room = room
        self._price = price
        self._came: dict[int, tuple[int, int]] = {}
        self.reach = {
            column: far
            for column, cost in kinds[kind].up_to(self.enough)
            if (far := cost - price[column]) <= self.enough
        }

    def mover(self, column: int) -> tuple[int, int | None]:
        """The kind that would move to a column, and the column it leaves; None for the new row itself."""
        return self._came.get(column, (self._kind, None))

    def lead_on(self, kind: int, cost: int, column: int, enough: int) -> None:
        """Let rows of a kind that hold a settled column at a cost move on, if nearer than `enough`."""
        self.asked.add(kind)
        price, settled, reach = self._price, self.settled, self.reach
        so_far = settled[column] - cost + price[column]
        limit = enough - so_far
        for other, cost_there in self._kinds[kind].up_to(limit - 1):
            far = so_far + cost_there - price[other]
            if far < enough and far < reach.get(other, FAR) and other not in settled:
                reach[other] = far
                self._came[other] = kind, column
                if far < self.enough and self._room[other]:
                    self.enough = far
