"""What moves a run: a signal, or passing time, in; the run, what happened and the next instant out. Pure.

A round pages level after level, each again as often as it says, until somebody has it. While somebody has it,
or it is snoozed, its time stands still. Behind the last round the run is exhausted and its fallback hears.

What was missed is told in one page, that of the last level passed, which names those it covers (law 10).
Whoever looks within `PROMPT` finds everything where it was due. Behind a page that came later the run's time
goes on from then: nobody is passed over for not having reacted to what they had not been told.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from sla.budget import ZERO, parse_time
from sla.business_calendar import BusinessCalendar
from sla.errors import InstantError
from sla.run import (
    FALLBACK,
    PROMPT,
    EscalateNow,
    Run,
    RunAcknowledged,
    RunEvent,
    RunLevel,
    RunResolved,
    RunSignal,
    RunSnoozed,
    RunTakenOver,
    RunTouched,
    RunUnacknowledged,
)

_HELD = frozenset({"acknowledged", "snoozed"})
_ALWAYS = BusinessCalendar(always_open=True)

Said = tuple[Run, list[RunEvent]]


class RunOutcome(NamedTuple):
    """What became of a run, in the order in which it did."""

    run: Run
    events: tuple[RunEvent, ...]
    next_instant: datetime | None


class _Mark(NamedTuple):
    """A page that is due at `at`; `rank` is that of its level, -1 for none of this round."""

    at: datetime
    rank: int
    name: str


def advance(run: Run, signal: RunSignal, now: datetime) -> RunOutcome:
    """Let time pass until a signal, then do what it says. A run that is resolved stays so.

    Args:
        run: as the last outcome left it, or new.
        signal: what happened; it counts at `now` at the latest.
        now: the present; nothing is said about instants after it.
    """
    if not run.is_live:
        return RunOutcome(run, (), None)
    at = min(signal.at, now)
    run, events = _passed(run, at)
    take = _TAKE.get(type(signal))
    run, said = take(run, signal, at) if take else (run, [])
    if run.state in _HELD or not run.is_live:  # nor for a level that came due just before, unnoticed
        events = [event for event in events if event.type != "page"]
    run = replace(run, next_at=_next(run))
    return RunOutcome(run, (*events, *said), run.next_at)


def paged_by_promise(run: Run, level: str, repeat: int) -> Run:
    """Note that the promise a run is about has paged a level of its own."""
    return replace(run, reached=level, passed=run.passed | {level: repeat + 1})


def with_told(run: Run, names: Sequence[str]) -> Run:
    """Note who was paged: of `all`, each of them has to acknowledge."""
    return replace(run, told=tuple(dict.fromkeys((*run.told, *names)))) if run.is_live else run


def coming(run: Run) -> tuple[str, datetime] | None:
    """The level paged next if nothing intervenes, and when; None where only a signal leads on."""
    if run.state in _HELD and run.held_until is not None:
        return (run.reached, run.held_until) if run.reached else None
    if run.state != "open":
        return None
    mark = _mark(run)
    if mark is not None:
        return mark.name, mark.at
    over = _over(run)
    if over is None:
        return None
    return (run.terms.levels[0].name if run.round < run.terms.rounds else FALLBACK), over


def _passed(run: Run, at: datetime) -> Said:
    """Pass time; of the pages that came due one is left, the last."""
    events: list[RunEvent] = []
    marks: list[_Mark] = []
    while True:
        if run.state in _HELD:
            if run.held_until is None or run.held_until > at:
                break
            run, again = _reopened(run, run.held_until)
            events.append(RunEvent(type="reopened", occurred_at=again.at))
            marks += [again] * bool(again.name)
        elif run.state != "open":
            break
        elif (mark := _mark(run)) is not None:
            if mark.at > at:
                break
            run = _on(run, mark)
            marks.append(mark)
        else:
            over = _over(run)
            if over is None or over > at or marks:  # whoever hears only now has their time yet
                break
            run, mark = _round_over(run, over)
            if mark is not None:
                events.append(RunEvent(type="exhausted", occurred_at=over))
                marks.append(mark)
    if marks:
        events.append(_page(run, marks))
        run = _late(run, marks[-1], at)
    return run, events


def _late(run: Run, page: _Mark, at: datetime) -> Run:
    """Behind a page that is told at `at`: what follows follows it, unless it is told in time."""
    ahead = _next(run)
    in_time = at - page.at <= PROMPT and (ahead is None or ahead > at)
    return run if run.state != "open" or in_time else _stood(run, page.at, at)


def _stood(run: Run, start: datetime, end: datetime) -> Run:
    """As if between two instants no time had passed."""
    hours = run.terms.hours or _ALWAYS
    return replace(
        run,
        since=end,
        base=run.base + (start - run.since),
        open_base=run.open_base + hours.elapsed(run.since, start),
        paged_at=end if run.paged_at else None,
    )


def _mark(run: Run) -> _Mark | None:
    """The next page of this round: the level reached again, or the one behind it."""
    levels, rank = run.terms.levels, run.level
    after = run.paged_at or run.since
    ahead = None
    if rank + 1 < len(levels):
        level = levels[rank + 1]
        gone = run.open_base if level.business else run.base
        reached = _later(run, level, run.since, parse_time(level.delay) - gone)
        ahead = _Mark(max(reached, after), rank + 1, level.name)
    if rank >= 0 and (every := levels[rank].repeat) is not None and run.times <= levels[rank].repeat_limit:
        again = _later(run, levels[rank], after, parse_time(every))
        if ahead is None or again < ahead.at:
            return _Mark(again, rank, levels[rank].name)
    return ahead


def _over(run: Run) -> datetime | None:
    """When this round is over, once its last page is out; None where the promise alone pages."""
    if not run.terms.levels:
        return None if run.reached else run.since
    return _later(run, run.terms.levels[-1], run.paged_at or run.since, parse_time(run.terms.patience))


def _later(run: Run, level: RunLevel, start: datetime, by: timedelta) -> datetime:
    if by <= ZERO:
        return start
    try:
        return (run.terms.hours or _ALWAYS).due(start, by) if level.business else start + by
    except InstantError:  # so much open time never comes: sooner than it says is better than never (law 15)
        return start + by


def _on(run: Run, mark: _Mark) -> Run:
    """Behind a page of this round."""
    return replace(
        run,
        level=mark.rank,
        times=run.times + 1 if mark.rank == run.level else 1,
        paged_at=mark.at,
        reached=mark.name,
        passed=run.passed | {mark.name: run.passed.get(mark.name, 0) + 1},
    )


def _round_over(run: Run, at: datetime) -> tuple[Run, _Mark | None]:
    """Into the next round, or, where there is none, exhausted."""
    if run.terms.levels and run.round < run.terms.rounds:
        return replace(run, round=run.round + 1, since=at, base=ZERO, open_base=ZERO, level=-1, times=0), None
    mark = _Mark(at, -1, FALLBACK)
    return replace(_on(run, mark), level=run.level, state="exhausted", exhausted_at=at), mark


def _reopened(run: Run, at: datetime) -> tuple[Run, _Mark]:
    """Nobody has it any more: its time goes on where it stood, and the level reached hears again at once."""
    name = run.reached or ""
    run = replace(
        _stood(run, run.held_since or at, at),
        state="exhausted" if run.exhausted_at else "open",
        times=min(run.times, 1),
        passed=run.passed | ({name: run.passed.get(name, 0) + 1} if name else {}),
        told=(),
        acknowledged_by=(),
        acknowledged_at=None,
        held_since=None,
        held_until=None,
    )
    return run, _Mark(at, -1, name)


def _page(run: Run, marks: Sequence[_Mark]) -> RunEvent:
    """One page for all of them: the last, with what the others would have done."""
    levels = {level.name: level for level in run.terms.levels}
    last = marks[-1]
    notify = run.terms.fallback if last.name == FALLBACK else ()
    if last.name in levels:
        notify = levels[last.name].notify
    actions: dict[str, str] = {}
    for mark in marks:
        if mark.rank >= 0:  # the level reached that is paged anew has acted
            actions |= levels[mark.name].actions
    return RunEvent(
        type="page",
        occurred_at=last.at,
        level=last.name,
        repeat=run.passed[last.name] - 1,
        covers=tuple(dict.fromkeys(mark.name for mark in marks if mark.name != last.name)),
        notify=notify,
        actions=actions,
    )


def _acknowledged(run: Run, signal: RunAcknowledged, at: datetime) -> Said:
    by = signal.by
    if run.state == "acknowledged" or by in run.acknowledged_by:
        return run, []
    voices = (*run.acknowledged_by, by)
    if run.terms.acknowledgement == "all" and not set(run.told) <= set(voices):
        return replace(run, acknowledged_by=voices), [RunEvent(type="heard", occurred_at=at, by=by)]
    return _kept(run, voices, at), [RunEvent(type="acknowledged", occurred_at=at, by=by)]


def _taken_over(run: Run, signal: RunTakenOver, at: datetime) -> Said:
    if (run.state, run.acknowledged_by) == ("acknowledged", (signal.by,)):
        return run, []
    return _kept(run, (signal.by,), at), [RunEvent(type="taken_over", occurred_at=at, by=signal.by)]


def _unacknowledged(run: Run, signal: RunUnacknowledged, at: datetime) -> Said:
    if run.state != "acknowledged":
        left = tuple(one for one in run.acknowledged_by if one != signal.by)
        return (run if left == run.acknowledged_by else replace(run, acknowledged_by=left)), []
    run, again = _reopened(run, at)
    page = [_page(run, [again])] if again.name else []
    return run, [RunEvent(type="reopened", occurred_at=at, by=signal.by), *page]


def _touched(run: Run, _signal: RunTouched, at: datetime) -> Said:
    return (replace(run, held_until=_holds_until(run, at)) if run.state == "acknowledged" else run), []


def _snoozed(run: Run, signal: RunSnoozed, at: datetime) -> Said:
    until = signal.until
    if until <= at or (run.state, run.held_until) == ("snoozed", until):
        return run, []
    run = replace(run, state="snoozed", held_since=run.held_since or at, held_until=until)
    return run, [RunEvent(type="snoozed", occurred_at=at, until=until)]


def _resolved(run: Run, _signal: RunResolved, at: datetime) -> Said:
    bare = replace(run.terms, levels=(), fallback=(), hours=None)
    run = replace(run, state="resolved", ended_at=at, terms=bare, held_since=None, held_until=None)
    return run, [RunEvent(type="resolved", occurred_at=at)]


def _kept(run: Run, by: tuple[str, ...], at: datetime) -> Run:
    return replace(
        run,
        state="acknowledged",
        acknowledged_by=by,
        acknowledged_at=at,
        held_since=run.held_since or at,
        held_until=_holds_until(run, at),
    )


def _holds_until(run: Run, at: datetime) -> datetime | None:
    within = run.terms.acknowledge_within
    return None if within is None else at + parse_time(within)


def _escalated(run: Run, _signal: EscalateNow, at: datetime) -> Said:
    """Go on to the next level, whatever its delay: those behind it count from here."""
    events: list[RunEvent] = []
    if run.state in _HELD:
        run, again = _reopened(run, at)
        events.append(RunEvent(type="reopened", occurred_at=at))
        if run.state == "exhausted":
            return run, [*events, _page(run, [again])]
    elif run.state == "exhausted":
        return run, []
    levels = run.terms.levels
    if run.level + 1 >= len(levels):
        run, fallback = _round_over(run, at)
        if fallback is not None:
            return run, [*events, RunEvent(type="exhausted", occurred_at=at), _page(run, [fallback])]
    level = levels[run.level + 1]
    mark = _Mark(at, run.level + 1, level.name)
    gone = parse_time(level.delay)
    run = replace(_on(run, mark), since=at, base=gone, open_base=gone)
    return run, [*events, _page(run, [mark])]


def _next(run: Run) -> datetime | None:
    if run.state in _HELD:
        return run.held_until
    if run.state != "open":
        return None
    mark = _mark(run)
    return _over(run) if mark is None else mark.at


_TAKE: dict[type, Callable[[Run, Any, datetime], Said]] = {
    RunAcknowledged: _acknowledged,
    RunTakenOver: _taken_over,
    RunUnacknowledged: _unacknowledged,
    RunTouched: _touched,
    EscalateNow: _escalated,
    RunSnoozed: _snoozed,
    RunResolved: _resolved,
}
