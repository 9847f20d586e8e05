"""What other terms did to a ticket's clocks."""

from collections import Counter
from datetime import datetime
from typing import Literal, get_args

from msgspec import Raw

import sla
from tickets.application.facts import Pinned, read_clocks

Move = Literal["due_earlier", "due_later", "due_passed", "begun", "dropped"]
"""What may become of a clock. `due_passed`: more was used than the new terms allow, so it broke at once."""

MOVES: tuple[Move, ...] = get_args(Move)


def moves(before: Raw, pinned: Pinned, after: Raw, now: datetime) -> Counter[Move]:
    """What a change of terms at `now` did to clocks that ran on `pinned` before.

    What time alone had done by then is no part of it.
    """
    old = sla.apply(sla.TimePassed(now), read_clocks(before), pinned.terms, now).clocks
    was = {(clock.metric, clock.cycle): clock for clock in old}
    found = (_move(was.get((clock.metric, clock.cycle)), clock) for clock in read_clocks(after))
    return Counter(move for move in found if move is not None)


def _move(old: sla.Clock | None, new: sla.Clock) -> Move | None:
    if old is None:
        return "begun"
    if new.breached_at is not None and old.breached_at is None:
        return "due_passed"
    if old.is_live and not new.is_live:
        return "dropped"
    if old.due_at is None or new.due_at is None or old.due_at == new.due_at:
        return None
    return "due_earlier" if new.due_at < old.due_at else "due_later"
