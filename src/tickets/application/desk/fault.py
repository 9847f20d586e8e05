"""What is wrong with a desk: every fault at once, each with its place and, if one is near, a better word."""

import difflib
from collections.abc import Iterable, Mapping

from msgspec import Struct

from tickets.intake.unreadable import pointer

SUGGESTIONS = 50
"""Words for which a near one is sought in one check: among ten thousand agents that takes a while."""


class Fault(Struct, frozen=True):
    """One thing wrong: an RFC 6901 JSON pointer, an English sentence, and the place in the file.

    `line` and `column` count from 1; both are None where there is no file (a body sent over REST).
    """

    pointer: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        """`line:column: pointer: message`, as compilers have it."""
        at = "" if self.line is None else f"{self.line}:{self.column}: "
        return f"{at}{self.pointer or '/'}: {self.message}"


class InvalidDesk(ValueError):  # noqa: N818  # it reads as what it says: the desk is invalid
    """The desk is refused as a whole; `faults` has at least one entry, in the order of the file."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class StillNamed(InvalidDesk):
    """An object cannot go while others name it; the pointers lead to where they do, in the desk."""


class Faults:
    """Collects what is wrong while a desk is read; never stops at the first."""

    def __init__(self) -> None:
        self.found: list[Fault] = []
        self._hints: dict[tuple[str, str], str] = {}

    def add(self, pointer: str, message: str) -> None:
        """Note a fault of the value at `pointer`."""
        self.found.append(Fault(pointer, message))

    def unknown(self, pointer: str, what: str, word: str, known: Iterable[str]) -> None:
        """Note that there is no `what` called `word`, and name the nearest of those `known`."""
        hint = self.hint(what, word, known)
        self.add(pointer, f"there is no {what} {word!r}{hint}")

    def shared(self, kind: str, field: str, values: Mapping[str, str | None]) -> None:
        """Note values, by the keys of their objects, that stand in more than one and may not."""
        holders: dict[str, str] = {}
        for key, value in values.items():
            if value is not None and (holder := holders.setdefault(value, key)) != key:
                self.add(pointer(kind, key, field), f"{field} {value} is already that of {holder!r}")

    def hint(self, what: str, word: str, known: Iterable[str]) -> str:
        """`; did you mean ...?`, or nothing when no known word is near. The same word is sought once."""
        if (what, word) not in self._hints:
            if len(self._hints) >= SUGGESTIONS:
                return ""
            near = difflib.get_close_matches(word, sorted(known), n=1)
            self._hints[what, word] = f"; did you mean {near[0]!r}?" if near else ""
        return self._hints[what, word]
