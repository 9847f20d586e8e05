"""The one way in which intake says no: every fault at once, each with a pointer to its place."""

from collections.abc import Iterable

from msgspec import Struct


class Fault(Struct, frozen=True):
    """One thing wrong: an RFC 6901 JSON pointer into what was sent (`""` is all) and a sentence."""

    pointer: str
    message: str


class Unreadable(Exception):  # noqa: N818  # it reads as what it says: the envelope is unreadable
    """Nothing can be made of this envelope; `faults` has at least one entry."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in self.faults))


class Trapped(Unreadable):
    """A robot filled the honeypot: keep the envelope, answer as if all were well, make no ticket."""


def pointer(*steps: str | int) -> str:
    """The JSON pointer that leads through `steps`, escaped as RFC 6901 §3 has it."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
