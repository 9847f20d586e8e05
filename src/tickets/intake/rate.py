"""How often one sender may submit a form."""

import re
from datetime import timedelta

import msgspec
from msgspec import Struct

_WRITTEN = re.compile(r"([1-9][0-9]{0,5})/(P[0-9A-Z]+)")
_LONGEST = timedelta(days=1)


class Rate(Struct, frozen=True):
    """So many at once, and as many again in each `period`: a token bucket."""

    count: int
    period: timedelta

    @property
    def cost(self) -> timedelta:
        """The time in which one more comes free."""
        return self.period // self.count


def read_rate(text: str) -> Rate:
    """`10/PT1M` is ten a minute. Raises `ValueError`."""
    found = _WRITTEN.fullmatch(text)
    try:
        period = msgspec.convert(found[2], timedelta) if found else timedelta()
    except msgspec.ValidationError:
        period = timedelta()
    if found is None or not timedelta(seconds=1) <= period <= _LONGEST:
        raise ValueError(f"{text!r} is no rate such as 10/PT1M, of a second to a day")
    return Rate(int(found[1]), period)
