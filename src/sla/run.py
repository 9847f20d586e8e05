"""A run: one live instance of an escalation policy on a ticket, from its beginning until it is resolved.

It carries what it needs of its policy (`RunTerms`), so that no edit changes a live one. `sla.running`
moves it.
"""

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from sla.budget import ZERO
from sla.business_calendar import BusinessCalendar
from sla.signals import TimePassed

RunState = Literal["open", "acknowledged", "snoozed", "exhausted", "resolved"]
FALLBACK = "fallback"
"""The level of the page that tells the fallback of a run that is exhausted."""
PROMPT = timedelta(minutes=1)
"""So late a page still came in time. What comes later gives those it tells their whole time all the same."""


class RunLevel(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A level of a run: `delay` after its round began it is paged, then again every `repeat`.

    Repeats end with `repeat_limit`, or when the next level is reached. `notify` and `actions` are the
    caller's words, handed back with the page.
    """

    name: str
    delay: str
    business: bool = False
    repeat: str | None = None
    repeat_limit: int = 3
    notify: tuple[str, ...] = ()
    actions: dict[str, str] = {}


class RunTerms(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a run needs of its policy, as of the `version` it began on.

    Attributes:
        levels: by their delays, soonest first.
        fallback: who hears when the run is exhausted.
        acknowledgement: whether `any` one suffices, or `all` who were paged have to acknowledge.
        acknowledge_within: how long an acknowledgement holds while nothing is done; None for ever.
        rounds: how often the levels are gone through.
        patience: how long the last page of a round is waited for.
        hours: what levels on the business clock count in; None where there are none, or never a closing.
    """

    policy: str
    version: int
    levels: tuple[RunLevel, ...] = ()
    fallback: tuple[str, ...] = ()
    acknowledgement: Literal["any", "all"] = "any"
    acknowledge_within: str | None = None
    rounds: int = 1
    patience: str = "PT15M"
    hours: BusinessCalendar | None = None


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run as it stands: a value to be stored whole (it is JSON) and handed in next time.

    Attributes:
        cause: why it began; a ticket has one live run for each.
        metric, cycle: how its pages are filed; of a promise those of its clock.
        round: from 1. Its delays count from `since`, by when `base` of them had passed, in business time
            `open_base`.
        level: the last level paged in this round; -1 before the first. `times` it was, last at `paged_at`.
        reached: name of the level paged last, also by the promise, or `FALLBACK`.
        passed: how often each level was, which numbers its pages.
        told: who has been paged since it was last nobody's; see `with_told`.
        acknowledged_by: who has it; of a run that `all` have to acknowledge, who has so far.
        held_since, held_until: while somebody has it or it is snoozed: from when, and when that ends.
        next_at: earliest instant at which time alone changes something.
    """

    id: str
    cause: str
    metric: str
    cycle: int
    terms: RunTerms
    began_at: datetime
    since: datetime
    reason: str = ""
    state: RunState = "open"
    round: int = 1
    base: timedelta = ZERO
    open_base: timedelta = ZERO
    level: int = -1
    times: int = 0
    paged_at: datetime | None = None
    reached: str | None = None
    passed: dict[str, int] = {}
    told: tuple[str, ...] = ()
    acknowledged_by: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    held_since: datetime | None = None
    held_until: datetime | None = None
    exhausted_at: datetime | None = None
    ended_at: datetime | None = None
    next_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        """Whether it may still page anybody."""
        return self.state != "resolved"


class _RunSignal(Struct, frozen=True):
    at: datetime


class RunAcknowledged(_RunSignal, frozen=True):
    """Somebody says that they have it."""

    by: str


class RunUnacknowledged(_RunSignal, frozen=True):
    """Somebody does not have it after all: it goes on, and the level reached is paged again at once."""

    by: str


class RunTakenOver(_RunSignal, frozen=True):
    """Somebody has it instead of whoever had, and for everybody who should have acknowledged."""

    by: str


class RunTouched(_RunSignal, frozen=True):
    """Something was done about the ticket: an acknowledgement holds anew."""


class EscalateNow(_RunSignal, frozen=True):
    """The next level is to hear at once, whoever has it."""


class RunSnoozed(_RunSignal, frozen=True):
    """Leave everybody alone until an instant; then the level reached is paged again."""

    until: datetime


class RunResolved(_RunSignal, frozen=True):
    """What it was about is over."""


RunSignal = (
    TimePassed
    | RunAcknowledged
    | RunUnacknowledged
    | RunTakenOver
    | RunTouched
    | EscalateNow
    | RunSnoozed
    | RunResolved
)


class RunEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that became true of a run.

    `heard`: one of all who have to acknowledge did. Of a `page`: `repeat` is 0 for the first of its level;
    `covers` are levels passed since the last look, which it speaks for too, and whose `actions` it brings.
    """

    type: Literal[
        "page", "heard", "acknowledged", "taken_over", "reopened", "snoozed", "exhausted", "resolved"
    ]
    occurred_at: datetime
    level: str | None = None
    repeat: int = 0
    covers: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()
    actions: dict[str, str] = {}
    by: str | None = None
    until: datetime | None = None
