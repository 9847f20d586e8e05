"""How fast and how right `due` and `elapsed` are, beside what else can be had from the registry.

Everybody answers the same random cases, one turn after the other. An answer to `due` is right when just the
budget is open between the start and it, so that nobody is wrong by calling a closing what we call the next
opening; the truth comes from looking at the wall clock of every minute. Processor time is measured: all of
them do nothing but compute, and so the machine's other work weighs less.
"""

import random
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import cycle, islice
from statistics import median
from typing import Literal, NamedTuple

import click
from tests.bench.minutes import MINUTE, Minutes
from tests.bench.peers import DAYS, Answer, Case, Contestant, Question, contestants, pair

from sla import BusinessCalendar

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TURN = 0.05
"""Seconds that a turn takes, more or less: short ones, so that a busy moment troubles all alike."""
TURNS = 5
"""Turns to a round."""
MILLION = 1_000_000

_FIRST, _LAST = datetime(2025, 12, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
_YEAR = datetime(2026, 1, 1, tzinfo=UTC)
_CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
_OFFICE = BusinessCalendar(
    timezone="Asia/Ho_Chi_Minh",
    hours={day: [["08:00", "12:00"], ["13:00", "17:30"]] for day in DAYS[:5]},
    holidays=["2026-01-01", *(f"2026-02-{day}" for day in range(16, 21)), "2026-04-27", "2026-04-30",
              "2026-05-01", "2026-09-01", "2026-09-02", "2027-01-01", "2027-04-30"],
)  # fmt: skip
_NIGHTS = BusinessCalendar(timezone="Europe/Berlin", hours={day: [["22:00", "06:00"]] for day in DAYS})

Kind = Literal["due", "elapsed"]
_SIZES: tuple[tuple[Kind, timedelta], ...] = (
    ("due", 4 * HOUR),
    ("due", 24 * HOUR),
    ("due", 240 * HOUR),
    ("elapsed", 8 * HOUR),
    ("elapsed", 7 * DAY),
    ("elapsed", 60 * DAY),
)


class _Score(NamedTuple):
    microseconds: float
    wrong: int


def measure(rounds: int, cases: int) -> None:
    """Take turns, and print the medians and the wrong answers."""
    for name, calendar in (
        ("Hanoi office hours with lunch break and holidays", _OFFICE),
        ("Berlin nights, half of the starts at a change of the clock", _NIGHTS),
    ):
        _compare(name, calendar, TURNS * rounds, cases)
    _alone(rounds)


def _compare(name: str, calendar: BusinessCalendar, turns: int, count: int) -> None:
    present, absent = contestants(calendar)
    truth = Minutes(calendar, _FIRST, _LAST)
    click.echo(f"\n{name}: {count} cases each, medians of {turns} turns")
    if absent:
        click.echo(f"  not installed: {', '.join(absent)} (pip install -e '.[peers]')")
    for kind, size in _SIZES:
        asked = _cases(kind, size, count)
        click.echo(f"  {_title(kind, size)}")
        able = [(found, question) for found in present if (question := getattr(found, kind)) is not None]
        scores = _scores(able, asked, truth, turns)
        base = scores["sla"].microseconds
        for who, score in scores.items():
            ratio = score.microseconds / base
            click.echo(
                f"    {who:<26}{score.microseconds:>10,.2f} µs {ratio:>9,.1f} × {score.wrong:>6} wrong"
            )


def _title(kind: Kind, size: timedelta) -> str:
    hours = size // HOUR
    return f"due after {hours} h" if kind == "due" else f"elapsed in at most {hours} h"


def _cases(kind: Kind, size: timedelta, count: int) -> list[Case]:
    """Whole minutes, the same in every run."""
    dice = random.Random(f"{kind} {size}")  # noqa: S311 - no secret
    found: list[Case] = []
    for n in range(count):
        start = _YEAR + MINUTE * dice.randrange(365 * DAY // MINUTE)
        if n % 2:
            start = dice.choice(_CHANGES) - MINUTE * dice.randrange(DAY // MINUTE)
        found.append((start, size if kind == "due" else start + MINUTE * dice.randint(1, size // MINUTE)))
    return found


def _scores(
    able: list[tuple[Contestant, Question]], asked: list[Case], truth: Minutes, turns: int
) -> dict[str, _Score]:
    wrong, answered = {}, {}
    for who, question in able:
        answers = [_answer(question, case) for case in asked]
        pairs = list(zip(asked, answers, strict=True))
        wrong[who.name] = sum(not _right(case, answer, truth) for case, answer in pairs)
        answered[who.name] = [case for case, answer in pairs if answer is not None]
    taken: dict[str, list[float]] = {who.name: [] for who, _ in able}
    for turn in range(turns):
        for who, question in able:
            mixed = random.Random(turn).sample(answered[who.name], len(answered[who.name]))  # noqa: S311
            taken[who.name].append(_turn(question, mixed))
    return {name: _Score(median(times), wrong[name]) for name, times in taken.items()}


def _turn(question: Question, asked: list[Case]) -> float:
    """Microseconds a question, over as many as a turn has time for."""
    put, ask = [question.put(*case) for case in asked], question.ask
    count = 1
    while True:
        some = list(islice(cycle(put), count))
        started = time.thread_time()
        for one, other in some:
            ask(one, other)
        took = time.thread_time() - started
        if took > TURN / 2:
            return took / count * 1e6
        count = max(2 * count, min(16 * count, int(count * TURN / took)))


def _answer(question: Question, case: Case) -> Answer | None:
    try:
        return question.read(question.ask(*question.put(*case)))
    except Exception:  # noqa: BLE001 - whatever it raises, it is no answer
        return None


def _right(case: Case, answer: Answer | None, truth: Minutes) -> bool:
    start, other = case
    if isinstance(other, datetime):
        return answer == truth.elapsed(start, other)
    return isinstance(answer, datetime) and truth.elapsed(start, answer) == other


def _alone(turns: int) -> None:
    """What no peer can do: days, flat in their number, and a million at once."""
    dice = random.Random(7)  # noqa: S311 - no secret
    reach = 300 * DAY // timedelta(microseconds=1)
    starts = [_YEAR + timedelta(microseconds=dice.randrange(reach)) for _ in range(MILLION)]
    some: list[Case] = [(start, start) for start in starts[:20_000]]
    click.echo(f"\nAlone, medians of {turns} turns")
    for budget in ("P1D", "P3D", "P30D"):
        question = Question(partial(_days, budget), pair)
        took = median(_turn(question, some) for _ in range(turns))
        click.echo(f"  due after {budget:<17}{took:>12,.2f} µs")
    for budget in ("PT4H", "PT240H"):
        cpu, wall = map(median, zip(*(_million(starts, budget) for _ in range(turns)), strict=True))
        click.echo(f"  a million due after {budget:<7}{cpu:>12,.2f} s, {wall:,.2f} s on the wall")


def _days(budget: str, start: datetime, _: object) -> datetime:
    return _OFFICE.due(start, budget)


def _million(starts: list[datetime], budget: str) -> tuple[float, float]:
    """Seconds of the processor, and of the clock on the wall."""
    started = time.thread_time(), time.perf_counter()
    _OFFICE.due_many(starts, budget)
    return time.thread_time() - started[0], time.perf_counter() - started[1]
