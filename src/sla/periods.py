"""Algebra of half-open periods: an instant belongs to a period iff start <= instant < end."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple


class Period(NamedTuple):
    """From `start` (included) to `end` (excluded), instants or wall times, marked UTC either way."""

    start: datetime
    end: datetime


def merged(periods: Iterable[Period]) -> list[Period]:
    """Return the union: in order, disjoint, neighbours that touch made one, empty ones gone."""
    union: list[Period] = []
    for start, end in sorted(periods):
        if end <= start:
            continue
        if union and start <= union[-1].end:
            union[-1] = Period(union[-1].start, max(union[-1].end, end))
        else:
            union.append(Period(start, end))
    return union


def minus(periods: Iterable[Period], holes: Iterable[Period]) -> Iterator[Period]:
    """Yield what is left of `periods` outside `holes`; both must be in order and disjoint."""
    ordered = list(holes)
    for start, end in periods:
        rest = start
        for hole in ordered:
            if hole.end <= rest or hole.start >= end:
                continue
            if rest < hole.start:
                yield Period(rest, hole.start)
            rest = hole.end
        if rest < end:
            yield Period(rest, end)


def clipped(periods: Iterable[Period], start: datetime, end: datetime) -> Iterator[Period]:
    """Yield the parts of `periods` inside [start, end)."""
    for period in periods:
        if period.start < end and start < period.end:
            yield Period(max(period.start, start), min(period.end, end))
