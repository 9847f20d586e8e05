"""Who is at the other end of what leaves, and how much of our time they get.

No endpoint has more than a few attempts under way, and one that fails again and again is left alone for a
while: then a single attempt is its probe. So one that is dead or slow delays nobody else.
"""

from datetime import timedelta
from typing import Literal

from msgspec import Struct

from tickets.domain.words import Instant

AT_ONCE = 4
"""Attempts under way to one endpoint, whichever processes make them."""

AT_ONCE_MAIL = 32
"""The same for the mail server, which is one endpoint for everybody's mail."""

AT_ONCE_HERE = 4
"""Attempts of one process to one endpoint: a third of its threads, so that there are others for others."""

PAUSES = tuple(timedelta(seconds=s) for s in (30, 60, 120, 300))
"""How long it is left alone after the first failure too many, the second, …; then always the last."""

FAILURES = 4
"""Failures in a row before it is."""

HELD = timedelta(seconds=30)
"""When what an endpoint had no room for is looked at again, should nobody say sooner that there is."""

LONGEST_HELD = timedelta(hours=24)
"""How long something waits for its endpoint before it is given up: as long as the ladder takes."""

State = Literal["ready", "open", "probing", "disabled"]


class Turn(Struct, frozen=True):
    """An endpoint came to stand otherwise: it is left alone until an instant, disabled, or ready again."""

    name: str
    state: Literal["ready", "open", "disabled"]
    reason: str | None = None
    until: Instant | None = None


class Endpoint(Struct, frozen=True, kw_only=True):
    """One endpoint as it is now.

    `open`: nothing is sent before `open_until`. `probing`: one attempt finds out whether it is back.
    `disabled`: it said that it is gone, and gets nothing until it is enabled or its webhook has another
    address. `failures` are those in a row, `under_way` attempts not over yet, `held` rows that wait for it,
    `pending` all that must still leave, `most_attempts` the most that one of these took so far.
    """

    name: str
    state: State
    failures: int
    under_way: int
    pending: int
    held: int
    dead: int
    oldest: Instant | None
    most_attempts: int
    open_until: Instant | None
    disabled_at: Instant | None
    last_error: str | None
    failed_at: Instant | None
