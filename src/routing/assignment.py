"""Who gets what so that the whole costs least: rows come one by one, columns have room for several."""

from collections.abc import Callable, Mapping, Sequence

Row = Mapping[int, int]
"""What each column it may have costs a row; not negative."""


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
        reach = {column: cost - self.price[column] for column, cost in self.rows[kind].items()}
        came: dict[int, tuple[int, int | None]] = dict.fromkeys(reach, (kind, None))
        settled: dict[int, int] = {}
        asked = {kind}
        while reach:
            near = min(reach.values())
            nearest = [column for column, far in reach.items() if far == near]
            ends = [column for column in nearest if self.room[column]]
            if ends:
                end = ends[0] if len(ends) == 1 else self._first(ends, came[ends[0]][0])
                for column, far in settled.items():
                    self.price[column] += far - near
                self._shift(row, end, came)
                return end
            for column in nearest:
                settled[column] = reach.pop(column)
                for other in self.held[column]:
                    if other not in asked:
                        asked.add(other)
                        self._relax(other, column, near, reach, settled, came)
        self._hopeless |= asked  # whatever they may have is full of one another, and stays so
        return None

    def column_of(self) -> dict[str, int]:
        """The column each row has."""
        return {row: column for column, kinds in self.held.items() for rows in kinds.values() for row in rows}

    def _relax(
        self,
        kind: int,
        column: int,
        near: int,
        reach: dict[int, int],
        settled: Mapping[int, int],
        came: dict[int, tuple[int, int | None]],
    ) -> None:
        """Let rows of a kind that hold a column move on from it."""
        row, price = self.rows[kind], self.price
        so_far = near - row[column] + price[column]
        for other, cost in row.items():
            if other not in settled:
                far = so_far + cost - price[other]
                if far < reach.get(other, far + 1):
                    reach[other] = far
                    came[other] = kind, column

    def _shift(self, row: str, end: int, came: Mapping[int, tuple[int, int | None]]) -> None:
        """Move a row on from each column of the path, the new one onto the first."""
        self.room[end] -= 1
        column: int | None = end
        while column is not None:
            kind, origin = came[column]
            moved = row
            if origin is not None:
                moved = self.held[origin][kind].pop()
                if not self.held[origin][kind]:
                    del self.held[origin][kind]
            self.held[column].setdefault(kind, []).append(moved)
            column = origin
