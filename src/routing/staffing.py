"""How many servers an hour needs so that people are served in time."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from math import ceil

import msgspec

from routing.erlang import Congestion, erlang_a, erlang_c

HOUR = timedelta(hours=1)


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """The service level: this `share` of all who come are served `within`.

    `patience` is the mean time after which somebody who waits gives up (Erlang A); None: never (Erlang C).
    Who gives up was not served in time.
    """

    share: float = 0.8
    within: timedelta = timedelta(seconds=20)
    patience: timedelta | None = None


def congestion(servers: int, load: float, handling: timedelta, promise: Promise) -> Congestion:
    """What the promise comes to with so many servers; `load` in erlangs, `handling` the mean service time."""
    within = promise.within / handling
    if promise.patience is None:
        return erlang_c(servers, load, within)
    return erlang_a(servers, load, promise.patience / handling, within)


def servers_needed(load: float, handling: timedelta, promise: Promise) -> int:
    """The fewest servers that keep the promise; 0 where nothing comes.

    More servers never make it worse, so the answer is found by halving. Shares of 1 and more are never kept.
    """
    if load <= 0 or handling <= timedelta():
        return 0
    enough = ceil(load) + 1
    while congestion(enough, load, handling, promise).within < promise.share:
        enough *= 2
    too_few = 0
    while enough - too_few > 1:
        middle = (enough + too_few) // 2
        if congestion(middle, load, handling, promise).within >= promise.share:
            enough = middle
        else:
            too_few = middle
    return enough


def loads(arrivals: Sequence[float], handling: timedelta) -> list[float]:
    """The offered load of each hour of a cycle (a day, a week), in erlangs.

    Who comes evenly over an hour and keeps a server for `handling` is at work in that hour and in those after
    it: the mean number at work were there always a free server. (The modified offered load: Jennings,
    Mandelbaum, Massey and Whitt 1996, Server staffing to meet time-varying demand, Management Science 42(10);
    with a handling time far below an hour it is arrivals × handling.)
    """
    found = [0.0] * len(arrivals)
    shares = list(_shares(handling / HOUR))
    for hour, came in enumerate(arrivals):
        if came:
            for later, share in enumerate(shares):
                found[(hour + later) % len(found)] += came * share
    return found


def _shares(hours: float) -> Iterator[float]:
    """Of somebody who comes at any moment of an hour: how much of it, the next, ... they are at work."""

    def spent(end: float) -> float:
        """Their time at work before `end`, in hours from the beginning of the hour they come in."""
        return area(end) - area(end - 1)

    def area(x: float) -> float:
        return max(x, 0) ** 2 / 2 if x <= hours else hours**2 / 2 + hours * (x - hours)

    for hour in range(ceil(hours) + 1):
        yield spent(hour + 1) - spent(hour)
