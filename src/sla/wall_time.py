"""Wall time into UTC: the one place that knows both.

An instant is open iff its wall time is. So open wall time is laid over each stretch of constant offset on its
own: an hour that the wall clock shows twice is open twice, one that it skips is never open.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sla.periods import Period, clipped

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)
_ZERO = timedelta()


def in_utc(wall: Iterable[Period], zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[Period]:
    """Yield the parts of [first, last), in UTC, whose wall time lies in one of the naive periods `wall`."""
    ordered = list(wall)
    for stretch, offset in offsets(zone, first, last):
        start, end = (instant.replace(tzinfo=None) + offset for instant in stretch)
        for opened, closed in clipped(ordered, start, end):
            yield Period((opened - offset).replace(tzinfo=UTC), (closed - offset).replace(tzinfo=UTC))


def offsets(zone: ZoneInfo, first: datetime, last: datetime) -> Iterator[tuple[Period, timedelta]]:
    """Yield the stretches of [first, last) in which the zone's offset from UTC stays the same.

    Looks once a day: no zone has changed there and back within one since 1970.
    """
    start, day, offset = first, first, _offset(zone, first)
    while day < last:
        tomorrow = min(day + _DAY, last)
        changed = _offset(zone, tomorrow)
        if changed != offset:
            change = _change(zone, day, tomorrow)
            yield Period(start, change), offset
            start, offset = change, changed
        day = tomorrow
    if start < last:
        yield Period(start, last), offset


def _change(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """Return the instant in (early, late] at which the offset changes, which is on a whole second."""
    offset = _offset(zone, early)
    early, late = early.replace(microsecond=0), late.replace(microsecond=0) + _SECOND * bool(late.microsecond)
    while late - early > _SECOND:
        middle = early + (late - early) // 2 // _SECOND * _SECOND
        if _offset(zone, middle) == offset:
            early = middle
        else:
            late = middle
    return late


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or _ZERO
