"""Refusals: the caller asked for something that cannot be, and is told why in one sentence."""


class Refused(Exception):  # noqa: N818 - a condition, not a bug
    """The ticket, or what it belongs to, cannot take the command as it stands. `str()` says why."""


class OfferOver(Refused):
    """The offer is over: somebody answered it, or nobody did in time. `str()` says what became of it."""


class NotFound(Exception):  # noqa: N818 - a condition, not a bug
    """There is no such thing. `str()` says what was looked for."""


class Stale(Exception):  # noqa: N818 - a condition, not a bug
    """The caller decided on an older state than the present one. `epoch` is the present one's."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"the ticket has changed since; it is at {epoch} now")
        self.epoch = epoch
