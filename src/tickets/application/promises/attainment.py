"""How well promises were kept: attainment and percentiles, by metric, policy, team and period.

The worst answers are those that never came. So a promise that is running late counts as broken from its due
instant on, and its time so far stands among the percentiles.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import date, datetime, timedelta
from functools import cache
from math import ceil
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

import sla
from tickets.application.facts import Pinned
from tickets.application.promises.verdicts import Kept, Verdict, verdicts
from tickets.domain.words import Instant

Period = Literal["day", "week", "month"]
Side = Literal["policy", "team"]
Promised = sla.Metric
"""What can be reported on; here, so that the API need not know `sla`."""


class Cut(Struct, frozen=True, kw_only=True):
    """Which verdicts are reported, and how they are grouped: always by metric, on request `by` more.

    `first` (included) and `last` (excluded) are dates of `zone`; without a `period` they are one.
    """

    first: date
    last: date
    zone: ZoneInfo
    period: Period | None = None
    by: frozenset[Side] = frozenset()
    metric: Promised | None = None
    policy: str | None = None
    team: str | None = None


class Percentiles(Struct, frozen=True):
    """ISO 8601 durations. `p90` is the shortest within which nine of ten came (nearest rank)."""

    p50: str
    p90: str
    p95: str
    p99: str


class AttainmentRow(Struct, frozen=True, kw_only=True):
    """One group of verdicts in [start, end), dates of the report's zone.

    `attainment` is met ÷ (met + breached). `late_still` of the breached ones still wait. `business` is open
    time of the promise's calendar, `calendar` real time; the breached ones are among both.
    """

    start: date
    end: date
    metric: str
    policy: str | None = None
    team: str | None = None
    met: int
    breached: int
    late_still: int
    attainment: float
    business: Percentiles
    calendar: Percentiles


class AttainmentReport(Struct, frozen=True, kw_only=True):
    """Verdicts that fell in [start, end), as known at `as_of`. Groups without a verdict have no row."""

    start: date
    end: date
    zone: str
    as_of: Instant
    rows: tuple[AttainmentRow, ...]


class _Group(NamedTuple):
    start: date
    end: date
    metric: str
    policy: str | None
    team: str | None


class _Tally:
    """What a group has come to so far; times in seconds."""

    def __init__(self) -> None:
        self.met = 0
        self.late_still = 0
        self.used: list[float] = []
        self.taken: list[float] = []

    def add(self, verdict: Verdict) -> None:
        self.met += verdict.met
        self.late_still += verdict.late_still
        self.used.append(verdict.used.total_seconds())
        self.taken.append(verdict.taken.total_seconds())


async def attainment(
    pages: AsyncIterator[list[Kept]], terms: Callable[[bytes], Awaitable[Pinned]], cut: Cut, now: datetime
) -> AttainmentReport:
    """The report over pages of tickets; `terms` finds those they run on."""
    groups: dict[_Group, _Tally] = {}
    span = _spans(cut)
    async for page in pages:
        known = {terms_id: await terms(terms_id) for terms_id in {kept.terms_id for kept in page}}
        for kept in page:
            if cut.team is not None and kept.team != cut.team:
                continue
            for verdict in verdicts(kept, known, now):
                group = _group(verdict, kept, cut, span)
                if group is not None:
                    groups.setdefault(group, _Tally()).add(verdict)
    rows = (_row(group, groups[group]) for group in sorted(groups, key=_place))
    return AttainmentReport(start=cut.first, end=cut.last, zone=cut.zone.key, as_of=now, rows=tuple(rows))


def _group(
    verdict: Verdict, kept: Kept, cut: Cut, span: Callable[[date], tuple[date, date]]
) -> _Group | None:
    """Where a verdict belongs, if it is asked for."""
    if cut.metric not in (None, verdict.metric) or cut.policy not in (None, verdict.policy):
        return None
    day = verdict.at.astimezone(cut.zone).date()
    if not cut.first <= day < cut.last:
        return None
    return _Group(
        *span(day),
        verdict.metric,
        verdict.policy if "policy" in cut.by else None,
        kept.team if "team" in cut.by else None,
    )


def _spans(cut: Cut) -> Callable[[date], tuple[date, date]]:
    """From a date to the period it lies in, as far as that is reported; weeks begin on Monday."""

    @cache
    def span(day: date) -> tuple[date, date]:
        if cut.period is None:
            return cut.first, cut.last
        start, end = day, day + timedelta(days=1)
        if cut.period == "week":
            start = day - timedelta(days=day.weekday())
            end = start + timedelta(weeks=1)
        elif cut.period == "month":
            start = day.replace(day=1)
            end = (start + timedelta(days=31)).replace(day=1)
        return max(start, cut.first), min(end, cut.last)

    return span


def _place(group: _Group) -> tuple[date, str, str, str]:
    return group.start, group.metric, group.policy or "", group.team or ""


def _row(group: _Group, tally: _Tally) -> AttainmentRow:
    every = len(tally.used)
    return AttainmentRow(
        start=group.start,
        end=group.end,
        metric=group.metric,
        policy=group.policy,
        team=group.team,
        met=tally.met,
        breached=every - tally.met,
        late_still=tally.late_still,
        attainment=round(tally.met / every, 6),
        business=_percentiles(tally.used),
        calendar=_percentiles(tally.taken),
    )


def _percentiles(seconds: Iterable[float]) -> Percentiles:
    ordered = sorted(seconds)
    found = (ordered[ceil(len(ordered) * percent / 100) - 1] for percent in (50, 90, 95, 99))
    return Percentiles(*(sla.time_text(timedelta(seconds=each)) for each in found))
