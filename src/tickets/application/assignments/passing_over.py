"""A ticket on which a decision fails is passed over and told of; those behind it have their turn."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

PassedOver = Callable[[UUID, Exception], object]
"""Hears of a ticket that was passed over, and why."""


@contextmanager
def passing_over(
    ticket: UUID, told: PassedOver | None, outages: tuple[type[Exception], ...]
) -> Iterator[None]:
    """Decide on a ticket; what that raises is `told`, if anybody listens, and its turn is over.

    `outages` are no fault of any ticket, and raised.
    """
    try:
        yield
    except outages:
        raise
    except Exception as fault:
        if told is None:
            raise
        told(ticket, fault)
