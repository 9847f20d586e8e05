"""How promises were kept beside how others would have been, in counts that can be put away and taken up."""

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from msgspec import Struct

import sla
from tickets.application.promises.supposing import Compared, Fate

_NONE = timedelta()


class Verdicts(Struct, frozen=True, kw_only=True):
    """How promises were kept; `attainment` is met ÷ (met + breached), null without any verdict."""

    met: int = 0
    breached: int = 0
    attainment: float | None = None


class Shifts(Struct, frozen=True, kw_only=True):
    """How many due instants came earlier, later, or stayed, and the largest shifts (real time, ISO 8601)."""

    earlier: int = 0
    later: int = 0
    same: int = 0
    most_earlier: str = "PT0S"
    most_later: str = "PT0S"


class ComparedRow(Struct, frozen=True, kw_only=True):
    """One metric of one team's tickets: as it was, and as it would have been.

    `newly_breached` were met or undecided, `newly_met` were breached. `due` is of clocks there are on both
    sides, unless they are paused.
    """

    metric: str
    team: str | None
    before: Verdicts
    after: Verdicts
    newly_breached: int = 0
    newly_met: int = 0
    due: Shifts


class Comparison:
    """Sums what is compared, from rows put away earlier on."""

    def __init__(self, rows: Iterable[ComparedRow]) -> None:
        self._sums = {(row.metric, row.team): _Sum(row) for row in rows}

    def add(self, team: str | None, compared: Compared) -> None:
        """Count one clock cycle."""
        key = compared.metric, team
        if key not in self._sums:
            self._sums[key] = _Sum()
        self._sums[key].add(compared)

    def rows(self) -> tuple[ComparedRow, ...]:
        """The sums, by metric and team."""
        keys = sorted(self._sums, key=lambda key: (key[0], key[1] or ""))
        return tuple(self._sums[metric, team].row(metric, team) for metric, team in keys)


class _Sum:
    def __init__(self, row: ComparedRow | None = None) -> None:
        self.before: Counter[bool | None] = Counter()
        self.after: Counter[bool | None] = Counter()
        self.turned: Counter[bool] = Counter()
        self.shifts: Counter[int] = Counter()
        self.least = self.most = _NONE
        if row is not None:
            self.before.update({True: row.before.met, False: row.before.breached})
            self.after.update({True: row.after.met, False: row.after.breached})
            self.turned.update({True: row.newly_met, False: row.newly_breached})
            self.shifts.update({-1: row.due.earlier, 1: row.due.later, 0: row.due.same})
            self.least = -sla.parse_budget(row.due.most_earlier).time
            self.most = sla.parse_budget(row.due.most_later).time

    def add(self, compared: Compared) -> None:
        was, would_be = _met(compared.was), _met(compared.would_be)
        self.before[was] += 1
        self.after[would_be] += 1
        if would_be is False and was is not False:
            self.turned[False] += 1
        elif would_be and was is False:
            self.turned[True] += 1
        if (shift := compared.shift) is not None:
            self.shifts[(shift > _NONE) - (shift < _NONE)] += 1
            self.least, self.most = min(self.least, shift), max(self.most, shift)

    def row(self, metric: str, team: str | None) -> ComparedRow:
        return ComparedRow(
            metric=metric,
            team=team,
            before=_verdicts(self.before),
            after=_verdicts(self.after),
            newly_breached=self.turned[False],
            newly_met=self.turned[True],
            due=Shifts(
                earlier=self.shifts[-1],
                later=self.shifts[1],
                same=self.shifts[0],
                most_earlier=sla.time_text(-self.least),
                most_later=sla.time_text(self.most),
            ),
        )


def _met(fate: Fate | None) -> bool | None:
    return None if fate is None else fate.met


def _verdicts(counts: Counter[bool | None]) -> Verdicts:
    met, breached = counts[True], counts[False]
    every = met + breached
    return Verdicts(met=met, breached=breached, attainment=round(met / every, 6) if every else None)
