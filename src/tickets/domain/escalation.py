"""An escalation level that is due, and those who have to hear of it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

Format = Literal["standard", "cloudevents"]
"""`standard`: type, timestamp, data (standardwebhooks.com). `cloudevents`: CloudEvents 1.0, as JSON."""


class Escalation(Struct, frozen=True, kw_only=True):
    """An escalation level that is due: whom to tell is the desk's to say.

    `notify` are targets told instead of those of a level, for what no policy has a level for or a run has
    pinned; with `fallback` those told when they reach nobody. `spared` have it already and are not paged.
    """

    policy: str
    metric: str
    cycle: int
    level: str
    repeat: int
    covers: tuple[str, ...]
    occurred_at: datetime
    due_at: datetime | None
    notify: tuple[str, ...] = ()
    fallback: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    run: UUID | None = None


class Manner(Struct, frozen=True):
    """How to speak to somebody: `languages` (BCP 47), preferred ones first; instants in `timezone` (IANA).

    `format` is how a webhook wants what it is sent.
    """

    languages: tuple[str, ...] = ()
    timezone: str = "UTC"
    format: Format = "standard"


class Recipient(Struct, frozen=True):
    """One who has to hear, and the ways that lead there: `(way, destination)`; none is an event (law 15).

    `beside` are the names of others whom the same page tells: they share its address.
    """

    name: str
    ways: tuple[tuple[str, str], ...]
    manner: Manner = Manner()
    beside: tuple[str, ...] = ()
