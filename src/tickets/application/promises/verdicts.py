"""Whether promises were kept, and how long it took, read off the clocks that tickets carry."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import Raw, Struct

import sla
from tickets.application.facts import Pinned, read_clocks


class Kept(Struct, frozen=True):
    """What a report reads of a ticket."""

    id: UUID
    team: str | None
    terms_id: bytes
    clocks: Raw


class Verdict(NamedTuple):
    """One clock cycle that was met or breached, `at` the instant that was decided.

    `late_still` is a broken promise that still waits; `used` (open time) and `taken` (real time) are then
    what it has come to so far, else what it came to in the end.
    """

    metric: str
    policy: str
    met: bool
    late_still: bool
    at: datetime
    used: timedelta
    taken: timedelta


def verdicts(kept: Kept, terms: Mapping[bytes, Pinned], now: datetime) -> Iterator[Verdict]:
    """Every verdict on a ticket as of `now`, also those nobody has noticed yet.

    A promise is met when it is fulfilled and broken at its due instant. Clocks that run in time, are paused
    in time or were cancelled unbroken have no verdict.
    """
    for clock in read_clocks(kept.clocks):
        if clock.state == "met" and clock.ended_at is not None:
            yield _verdict(clock, clock.ended_at, clock.used, clock.ended_at, met=True)
        elif (broken_at := _broken_at(clock, now)) is not None:
            promise = terms[kept.terms_id].terms.of(clock.metric) if clock.is_live else None
            used = clock.used_at(now, promise.hours) if promise else clock.used
            yield _verdict(clock, broken_at, used, clock.ended_at or now, met=False)


def _broken_at(clock: sla.Clock, now: datetime) -> datetime | None:
    if clock.state == "running" and clock.due_at is not None and clock.due_at < now:
        return clock.due_at
    return clock.breached_at


def _verdict(clock: sla.Clock, at: datetime, used: timedelta, end: datetime, *, met: bool) -> Verdict:
    return Verdict(clock.metric, clock.policy, met, clock.is_live, at, used, end - clock.started_at)
