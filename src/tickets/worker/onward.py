"""Rows whose endpoint has room again: who has just finished one takes the next on, with no message for it."""

from collections import deque
from collections.abc import Callable, Sequence
from uuid import UUID


class Onward:
    """A hint, as a bell is: its rows are due in the database, and the relay finds what is lost here."""

    def __init__(self, ring: Callable[[], object]) -> None:
        self._ring = ring
        self._rows: deque[UUID] = deque()

    def woken(self, rows: Sequence[UUID]) -> None:
        """Rows that their endpoint has room for from now on."""
        self._rows.extend(rows)

    def take(self) -> UUID | None:
        """The next row to look at; None when there is none."""
        return self._rows.popleft() if self._rows else None

    def leave(self) -> None:
        """Nobody here goes on just now: leave what is left to the relay."""
        if self._rows:
            self._rows.clear()
            self._ring()
