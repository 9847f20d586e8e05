"""What can be wrong with a configuration, and how it is said: all faults at once, each with its place."""

from collections.abc import Sequence

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong with a document: where (a JSON pointer, RFC 6901) and what, in English."""

    pointer: str
    message: str

    def under(self, prefix: str) -> "Fault":
        """The same fault, seen from a document that holds the checked one at `prefix`."""
        return Fault(prefix + self.pointer, self.message)


class InvalidError(ValueError):
    """A configuration that cannot be used; `faults` holds every reason, never only the first."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.message}" for fault in faults))
        self.faults = tuple(faults)


def refuse(faults: Sequence[Fault]) -> None:
    """Do nothing without faults.

    Raises:
        InvalidError: when there is at least one.
    """
    if faults:
        raise InvalidError(faults)
