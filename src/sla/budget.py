"""Budgets: how long a promise allows, as ISO 8601 durations."""

import re
from datetime import timedelta
from functools import lru_cache

from msgspec import Struct

from sla.errors import BudgetError, Fault

ZERO = timedelta()
_ISO = re.compile(
    r"P(?=[\dT])(?:(?P<days>\d{1,4})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,6})?)S)?)?",
    re.ASCII,
)


class Budget(Struct, frozen=True):
    """Days of a calendar's local clock, then open time: `P1DT4H` is one day and four hours.

    `PT24H` is time and `P1D` is a day: they differ wherever a day is not 24 open hours.

    Raises:
        BudgetError: less than nothing.
    """

    days: int = 0
    time: timedelta = ZERO

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if self.days < 0 or self.time < ZERO:
            raise BudgetError(Fault("", "a budget cannot be negative"))

    @property
    def is_empty(self) -> bool:
        """Whether nothing is allowed at all."""
        return not self.days and not self.time


@lru_cache(maxsize=4096)
def parse_budget(text: str) -> Budget:
    """Read `PT4H`, `P3D`, `P1DT4H`, `PT90S`, `PT0.5S`.

    Weeks, months and years are refused: on a business calendar nobody agrees what they are.

    Raises:
        BudgetError: not such a duration.
    """
    found = _ISO.fullmatch(text)
    if found is None:
        raise BudgetError(
            Fault("", f"{text!r} is not a duration of days and time such as PT4H, P3D or P1DT4H")
        )
    part = {name: value or "0" for name, value in found.groupdict().items()}
    seconds, _, micros = part["seconds"].partition(".")
    time = timedelta(
        hours=int(part["hours"]),
        minutes=int(part["minutes"]),
        seconds=int(seconds),
        microseconds=int(micros.ljust(6, "0")) if micros else 0,
    )
    return Budget(int(part["days"]), time)


def parse_time(text: str) -> timedelta:
    """Read a duration of time alone, such as `PT15M`.

    Raises:
        BudgetError: not a duration, or one with days.
    """
    budget = parse_budget(text)
    if budget.days:
        raise BudgetError(Fault("", f"{text!r} counts days; a duration of time such as PT24H is needed here"))
    return budget.time


def time_text(time: timedelta) -> str:
    """Write open time as ISO 8601 without days (`PT72H`, never `P3D`: that would be a day budget)."""
    seconds, micros = divmod(abs(time), timedelta(seconds=1))
    hours, rest = divmod(seconds, 3600)
    minutes, whole = divmod(rest, 60)
    fraction = f".{micros // timedelta(microseconds=1):06d}".rstrip("0") if micros else ""
    parts = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    parts += f"{whole}{fraction}S" * bool(whole or fraction)
    return ("-" if time < ZERO else "") + "PT" + (parts or "0S")
