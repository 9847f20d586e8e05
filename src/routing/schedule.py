"""On-call schedules as they are configured: layers, overrides, and everything that can be wrong with them."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from routing.errors import Fault, InvalidError
from routing.rotation import WEEKDAYS, Hours, Layer, time_of_day

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Schedules answer from `EARLIEST` until just before `LATEST`."""


LONGEST_OVERRIDE = timedelta(days=366)
"""What holds for longer is no exception: it is said by a layer."""


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From `starts_at` until just before `ends_at` (aware instants) `agent` answers instead.

    With `replaces` only when that agent would have answered (a swap); without, whoever would, gaps included.
    Later overrides see the outcome of earlier ones, so a swapped shift can be swapped again.
    """

    starts_at: datetime
    ends_at: datetime
    agent: str
    replaces: str | None = None
    reason: str = ""


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An on-call schedule. Of the layers that answer at an instant the last one listed wins."""

    key: str
    timezone: str
    layers: tuple[Layer, ...] = ()
    overrides: tuple[Override, ...] = ()


def zone_of(schedule: Schedule) -> ZoneInfo:
    """The schedule's time zone.

    Raises:
        InvalidError: there is none of that name.
    """
    try:
        return ZoneInfo(schedule.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        unknown = Fault("/timezone", f"there is no time zone {schedule.timezone!r}")
        raise InvalidError([unknown]) from None


def check_schedule(schedule: Schedule) -> tuple[Fault, ...]:
    """Every fault of a schedule; pointers start at it. Whether the agents exist is for the desk to say."""
    return tuple(_faults(schedule))


def _faults(schedule: Schedule) -> Iterator[Fault]:
    try:
        zone_of(schedule)
    except InvalidError as error:
        yield from error.faults
    names = [layer.name for layer in schedule.layers]
    for index, layer in enumerate(schedule.layers):
        at = f"/layers/{index}"
        if layer.name in names[:index]:
            yield Fault(f"{at}/name", f"layer {layer.name!r} is listed twice")
        yield from _layer_faults(layer, at)
    for index, override in enumerate(schedule.overrides):
        yield from _override_faults(override, f"/overrides/{index}")


def _layer_faults(layer: Layer, at: str) -> Iterator[Fault]:
    if not layer.agents:
        yield Fault(f"{at}/agents", "a layer needs an agent")
    start = layer.starts_on
    if start.tzinfo is not None:
        yield Fault(f"{at}/starts_on", "a first hand-off is a local time, without offset")
    elif not EARLIEST.year <= start.year < LATEST.year:
        yield Fault(f"{at}/starts_on", "a first hand-off lies between 1970 and 2199")
    if layer.hours is not None:
        if not any(layer.hours.values()):
            yield Fault(f"{at}/hours", "these hours are never open; leave them out to answer always")
        yield from _hours_faults(layer.hours, f"{at}/hours")


def _hours_faults(hours: Hours, at: str) -> Iterator[Fault]:
    taken: list[tuple[timedelta, timedelta]] = []
    for weekday in WEEKDAYS:
        for index, (opens, closes) in enumerate(hours.get(weekday, ())):
            here = f"{at}/{weekday}/{index}"
            try:
                start, end = time_of_day(opens), time_of_day(closes)
            except ValueError as error:
                yield Fault(here, str(error))
                continue
            midnight = timedelta(days=WEEKDAYS.index(weekday))
            period = midnight + start, midnight + end + timedelta(days=end <= start)
            if _overlaps(period, taken):
                yield Fault(here, "these hours overlap others")
            taken.append(period)


def _overlaps(period: tuple[timedelta, timedelta], taken: Sequence[tuple[timedelta, timedelta]]) -> bool:
    """Whether a period of the week meets another one, Sunday night running into Monday."""
    week = timedelta(days=7)
    return any(
        period[0] < end + shift and start + shift < period[1]
        for start, end in taken
        for shift in (-week, timedelta(0), week)
    )


def _override_faults(override: Override, at: str) -> Iterator[Fault]:
    edges = {"starts_at": override.starts_at, "ends_at": override.ends_at}
    naive = [name for name, edge in edges.items() if edge.tzinfo is None]
    yield from (Fault(f"{at}/{name}", "an instant must carry its offset from UTC") for name in naive)
    if naive:
        return
    outside = [name for name, edge in edges.items() if not EARLIEST <= edge < LATEST]
    yield from (Fault(f"{at}/{name}", "an override lies between 1970 and 2199") for name in outside)
    if override.ends_at <= override.starts_at:
        yield Fault(f"{at}/ends_at", "an override must end after it starts")
    elif override.ends_at - override.starts_at > LONGEST_OVERRIDE:
        yield Fault(f"{at}/ends_at", "an override lasts 366 days at most; for longer, change the layers")
