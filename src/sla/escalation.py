"""What passing time owes on one clock: coming close, breaking, and the escalation levels around it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from sla.budget import parse_time
from sla.clock import Clock, Firing, broken
from sla.events import Event, EventType
from sla.terms import Level, Promise

INSTANT = timedelta(microseconds=1)
"""The resolution of time here. A promise is kept at its due instant and broken one `INSTANT` later."""
_FIRST = datetime.min.replace(tzinfo=UTC)
"""Before all that comes: of each level the first firing is enough."""


class Mark(NamedTuple):
    """A firing of a level that is not yet done."""

    at: datetime
    fires_at: datetime
    rank: int
    level: Level
    repeat: int


class Coming(Struct, frozen=True):
    """A level that will fire at `at` if nothing intervenes."""

    level: str
    at: datetime


def passed(clock: Clock, promise: Promise, now: datetime) -> tuple[Clock, list[Event]]:
    """Let time pass on a live clock until `now`; levels fire once, the highest for all it covers."""
    events: list[Event] = []
    if clock.since is not None and clock.breached_at is None:
        risk_at = _risk_at(clock, promise)
        if risk_at is not None and risk_at <= now:
            clock = replace(clock, at_risk_at=risk_at)
            events.append(event_of("at_risk", clock, risk_at))
        if clock.due_at is not None and now > clock.due_at:
            due_at = clock.due_at
            clock = broken(clock, due_at)
            events.append(event_of("breached", clock, due_at))
    marks = [mark for mark in _marks(clock, promise, now) if mark.fires_at <= now]
    if marks:
        clock, event = _fired(clock, marks)
        events.append(event)
        events.sort(key=lambda event: event.occurred_at)
    return clock, events


def armed(clock: Clock, promise: Promise) -> Clock:
    """Note the earliest instant at which time alone changes something."""
    return replace(clock, next_at=min(_instants(clock, promise), default=None))


def coming(clock: Clock, promise: Promise) -> tuple[Coming, ...]:
    """Return the levels yet to fire for the first time, soonest first; none while the clock is paused."""
    if not clock.is_live:
        return ()
    waiting = [level for level in promise.levels if level.name not in clock.fired]
    instants = [(level.name, _at(clock, promise, level)) for level in waiting]
    return tuple(sorted((Coming(name, at) for name, at in instants if at), key=lambda found: found.at))


def _instants(clock: Clock, promise: Promise) -> Iterator[datetime]:
    if clock.since is None:
        return
    if clock.breached_at is None:
        risk_at = _risk_at(clock, promise)
        if risk_at is not None:
            yield risk_at
        if clock.due_at is not None:
            yield clock.due_at + INSTANT
    for mark in _marks(clock, promise, _FIRST):
        yield mark.fires_at


def _risk_at(clock: Clock, promise: Promise) -> datetime | None:
    if promise.at_risk is None or clock.at_risk_at is not None:
        return None
    return clock.reaches(clock.budget * promise.at_risk, promise.hours)


def _marks(clock: Clock, promise: Promise, until: datetime) -> Iterator[Mark]:
    """Yield every firing until then, and of each level the first after it; none while the clock is paused."""
    if clock.since is None:
        return
    for rank, level in enumerate(promise.levels):
        firing = clock.fired.get(level.name)
        if firing is None:
            mark = _first(clock, promise, rank, level)
            if mark is not None:
                yield mark
                firing = Firing(1, mark.at)
        if firing is not None and level.repeat is not None and clock.acknowledged_at is None:
            yield from _repeats(clock, promise, rank, level, firing, until)


def _first(clock: Clock, promise: Promise, rank: int, level: Level) -> Mark | None:
    """Return the first firing. From due on a level waits for the breach: at the due instant all is well."""
    after = level.after_due is not None or (level.share is not None and level.share >= 1)
    if after and clock.breached_at is None:
        return None
    at = _at(clock, promise, level)
    if at is None:
        return None
    overdrawn = at == clock.since and clock.used > clock.budget
    return Mark(at, at + INSTANT if after and not overdrawn else at, rank, level, 0)


def _at(clock: Clock, promise: Promise, level: Level) -> datetime | None:
    if level.share is not None:
        return clock.reaches(clock.budget * level.share, promise.hours)
    away = -parse_time(level.before_due) if level.before_due else parse_time(level.after_due or "PT0S")
    if level.in_business_time:
        return clock.reaches(clock.budget + away, promise.hours)
    if clock.due_at is None or clock.since is None:
        return None
    return max(clock.due_at + away, clock.since)


def _repeats(
    clock: Clock, promise: Promise, rank: int, level: Level, firing: Firing, until: datetime
) -> Iterator[Mark]:
    every, at = parse_time(level.repeat or ""), firing.at
    for times in range(firing.times, level.repeat_limit + 1):
        at = promise.hours.due(at, every) if level.in_business_time else at + every
        if clock.since is not None and at < clock.since:
            at = clock.since
        yield Mark(at, at + INSTANT, rank, level, times)
        if at >= until:
            return


def _fired(clock: Clock, marks: list[Mark]) -> tuple[Clock, Event]:
    """Fire the highest level's last mark and count every other passed one as covered by it."""
    last = {mark.level.name: mark for mark in sorted(marks, key=lambda mark: mark.repeat)}
    fired = clock.fired | {name: Firing(mark.repeat + 1, mark.at) for name, mark in last.items()}
    first = {mark.level.name: mark for mark in sorted(marks, key=lambda mark: -mark.repeat)}
    names = sorted(last, key=lambda name: (first[name].at, first[name].rank))
    top = last[names[-1]]
    event = event_of(
        "escalation_due", clock, top.at, level=names[-1], repeat=top.repeat, covers=tuple(names[:-1])
    )
    return replace(clock, fired=fired), event


def event_of(
    kind: EventType,
    clock: Clock,
    at: datetime,
    *,
    level: str | None = None,
    repeat: int = 0,
    covers: tuple[str, ...] = (),
) -> Event:
    """Something that time came to on a clock, as the clock stands after it."""
    return Event(
        type=kind,
        metric=clock.metric,
        cycle=clock.cycle,
        policy=clock.policy,
        occurred_at=at,
        due_at=clock.due_at,
        level=level,
        repeat=repeat,
        covers=covers,
    )
