"""The quiet period after solving, in which a "thank you" does not reopen a ticket."""

from datetime import datetime

from sla.budget import parse_time
from sla.clock import Clocks
from sla.terms import Terms


def reopens(clocks: Clocks, terms: Terms, at: datetime) -> bool:
    """Tell whether a customer's message at `at` reopens the ticket.

    Only a solved one, and only from `quiet` after it was solved on, as the resolution's promise has it. The
    answer is for the caller to act on: what it sends, `Reopened` or none, is the history.
    """
    if clocks.status != "solved":
        return False
    promise = terms.of("resolution")
    if promise is None or promise.quiet is None or clocks.solved_at is None:
        return True
    return at >= clocks.solved_at + parse_time(promise.quiet)
