"""What `sla` refuses, and where in the refused document each fault lies."""

from msgspec import Struct


class Fault(Struct, frozen=True):
    """One thing wrong with a document.

    Attributes:
        pointer: JSON pointer (RFC 6901) to it, relative to the refused document; "" is the whole.
        message: one English sentence without a full stop.
    """

    pointer: str
    message: str


class SlaError(Exception):
    """Something `sla` cannot work with. All faults at once, in document order."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.pointer}: {fault.message}".lstrip(": ") for fault in faults))
        self.faults = faults


class BudgetError(SlaError):
    """A duration that is not one of ours."""


class CalendarError(SlaError):
    """A business calendar that cannot be."""


class PolicyError(SlaError):
    """A policy, target or escalation level that cannot be."""


class InstantError(SlaError):
    """An instant without a zone, or one beyond the end of time (the year 9999)."""
