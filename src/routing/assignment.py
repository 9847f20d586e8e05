"""Who gets what so that the whole costs least: rows come one by one, columns have room for several."""

import sys
from collections.abc import Callable, Mapping, Sequence

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

    def add(self, row: str, kind: int) -> int | None:
        """Find a place for one more row; the column that is one fuller for it, None when there is none."""
        if kind in self._hopeless:
            return None
        way = _Way(kind, self.rows[kind], self.price)
        while way.reach:
            near = min(way.reach.values())
            nearest = [column for column, far in way.reach.items() if far == near]
            ends = [column for column in nearest if self.room[column]]
            if ends:
                end = ends[0] if len(ends) == 1 else self._first(ends, way.mover(ends[0])[0])
                for column, far in way.settled.items():
                    self.price[column] += far - near
                self._shift(row, end, way)
                return end
            enough = min([far for column, far in way.reach.items() if self.room[column]], default=FAR)
            for column in nearest:
                way.settled[column] = way.reach.pop(column)
                for other in self.held[column]:
                    way.lead_on(other, self.rows[other], column, enough, self.price)
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


class _Way:
    """The search for one row's place: how far each column is, and by whose move it comes free."""

    def __init__(self, kind: int, row: Row, price: Mapping[int, int]) -> None:
        self.asked = {kind}
        self.reach = {column: cost - price[column] for column, cost in row.items()}
        self.settled: dict[int, int] = {}
        self._kind = kind
        self._came: dict[int, tuple[int, int]] = {}

    def mover(self, column: int) -> tuple[int, int | None]:
        """The kind that would move to a column, and the column it leaves; None for the new row itself."""
        return self._came.get(column, (self._kind, None))

    def lead_on(self, kind: int, row: Row, column: int, enough: int, price: Mapping[int, int]) -> None:
        """Let rows of a kind that hold a settled column move on from it, if that is nearer than `enough`."""
        if kind in self.asked:
            return
        self.asked.add(kind)
        so_far = self.settled[column] - row[column] + price[column]
        limit = enough - so_far
        for other, step in [
            (other, step) for other, cost in row.items() if (step := cost - price[other]) < limit
        ]:
            far = so_far + step
            if other not in self.settled and far < self.reach.get(other, FAR):
                self.reach[other] = far
                self._came[other] = kind, column
