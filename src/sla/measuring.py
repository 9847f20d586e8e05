"""How long something took, whether or not anybody promised anything."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec import Struct

from sla.business_calendar import BusinessCalendar
from sla.history import replay
from sla.metrics import MEASURES, Metric
from sla.signals import Signal, TermsChanged
from sla.terms import Promise, Terms

_ANY = "PT1S"
"""A budget there has to be; which does not matter, since a clock counts on after its due instant."""


class Measured(Struct, frozen=True):
    """One cycle of a metric: `used` is open time, until `ended_at` or the end of the history."""

    metric: Metric
    cycle: int
    started_at: datetime
    ended_at: datetime | None
    used: timedelta


def measure(
    history: Iterable[Signal], metric: Metric, hours: BusinessCalendar, pauses: tuple[str, ...] | None = None
) -> tuple[Measured, ...]:
    """Measure every cycle of a metric in one calendar, by replaying a history; its terms do not matter.

    End the history with `TimePassed` to measure until then. `pauses` are those the metric means when None,
    which is none for most. A cycle that was dropped (`Cancelled`, `Closed` without an answer) has ended too.

    Raises:
        InstantError: an instant without a zone.
    """
    meant = MEASURES[metric].pauses or ()
    terms = Terms((_unpromised(metric, hours, meant if pauses is None else pauses),))
    facts = [signal for signal in history if not isinstance(signal, TermsChanged)]
    clocks = replay(facts, terms).clocks
    return tuple(
        Measured(metric, clock.cycle, clock.started_at, clock.ended_at, clock.used_at(clocks.seen_at, hours))
        for clock in clocks
        if clocks.seen_at is not None
    )


def _unpromised(metric: Metric, hours: BusinessCalendar, pauses: tuple[str, ...]) -> Promise:
    return Promise(
        metric=metric,
        policy="",
        policy_version=0,
        budget=_ANY,
        calendar="",
        calendar_version=0,
        hours=hours,
        pauses=pauses,
        at_risk=None,
    )
