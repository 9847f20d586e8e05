"""How long people wait for one of several servers: the formulas of Erlang and Palm.

Arrivals are Poisson, service and patience exponential. `load` is the offered load in erlangs: arrivals in a
unit of time × mean service time in that unit. Waits and patience are in mean service times.
"""

from math import exp, expm1, log, log1p

import msgspec

_NEGLIGIBLE = -40.0
"""The logarithm of a chance, by the likeliest's, that no longer shows."""


class Congestion(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody who comes meets.

    The chance to have to wait, to be served `within` the time asked about, to give up; the mean wait (of all
    who come, in mean service times); and the share of time servers work.
    """

    waits: float
    within: float
    gives_up: float
    mean_wait: float
    occupancy: float


def erlang_b(servers: int, load: float) -> float:
    """The chance that all servers are busy where nobody queues (Erlang 1917, the loss formula).

    By its recurrence B(0) = 1, B(n) = a·B(n-1) / (n + a·B(n-1)), which neither overflows nor cancels, however
    large (Cooper 1981, Introduction to Queueing Theory, ch. 3; Jagerman 1974).
    """
    blocked = 1.0
    for n in range(1, servers + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(servers: int, load: float, within: float = 0.0) -> Congestion:
    """Everybody waits as long as it takes (M/M/n; Erlang 1917, the delay formula).

    P(wait) = B / (1 - ρ(1 - B)); P(wait > t) = P(wait)·e^(-(n - a)t); mean wait P(wait) / (n - a). With no
    more servers than load the queue grows for ever: nobody is served in time, the mean wait is infinite.
    """
    if load <= 0:
        return Congestion(waits=0.0, within=1.0, gives_up=0.0, mean_wait=0.0, occupancy=0.0)
    if servers <= load:
        return Congestion(waits=1.0, within=0.0, gives_up=0.0, mean_wait=float("inf"), occupancy=1.0)
    blocked, busy = erlang_b(servers, load), load / servers
    waits = blocked / (1 - busy * (1 - blocked))
    spare = servers - load
    return Congestion(
        waits=waits,
        within=1 - waits * exp(-spare * within),
        gives_up=0.0,
        mean_wait=waits / spare,
        occupancy=busy,
    )


def erlang_a(servers: int, load: float, patience: float, within: float = 0.0) -> Congestion:
    """Whoever waits gives up after an exponential time of mean `patience` > 0 (M/M/n+M, Palm 1957).

    As Garnett, Mandelbaum and Reiman have it (2002, Designing a Call Center with Impatient Customers,
    M&SOM 4(3)): a birth-death chain whose state n + j is left downwards at rate n + j/patience. With pₙ the
    chance of just n present, found from Erlang's B, the states above follow one from the other; the chance
    to give up is (queue / patience) / load (what leaves the queue for ever, by what comes), and the mean wait
    is queue / load (Little's law). `within` counts those who are served, and in time: who gives up is not.
    """
    if load <= 0:
        return Congestion(waits=0.0, within=1.0, gives_up=0.0, mean_wait=0.0, occupancy=0.0)
    if servers == 0:
        return Congestion(waits=1.0, within=0.0, gives_up=1.0, mean_wait=patience, occupancy=0.0)
    blocked = erlang_b(servers, load)
    if blocked == 0:  # too small for a number
        return Congestion(waits=0.0, within=1.0, gives_up=0.0, mean_wait=0.0, occupancy=load / servers)
    weights, scale = _states_above(servers, load, 1 / patience)
    below = (1 / blocked - 1) * scale  # all states with a server free
    total = below + sum(weights)
    queue = sum(j * weight for j, weight in enumerate(weights)) / total
    gives_up = min(1.0, queue / patience / load)
    return Congestion(
        waits=sum(weights) / total,
        within=(below + _served_within(weights, servers, 1 / patience, within)) / total,
        gives_up=gives_up,
        mean_wait=queue / load,
        occupancy=load * (1 - gives_up) / servers,
    )


def _states_above(servers: int, load: float, leaving: float) -> tuple[list[float], float]:
    """The chances of n, n + 1, ... present as far as they show, by the likeliest's; and that of n itself."""
    logs, most = [0.0], 0.0
    while True:
        step = log(load) - log(servers + len(logs) * leaving)
        logs.append(logs[-1] + step)
        most = max(most, logs[-1])
        if step < 0 and logs[-1] < most + _NEGLIGIBLE:
            return [exp(each - most) for each in logs], exp(-most)


def _served_within(weights: list[float], servers: int, leaving: float, within: float) -> float:
    """Of those who meet state n + j, how many reach a server before `within` and their own patience end.

    Whom j wait before moves up at rates n + iθ, i ≤ j (a server comes free, or one before leaves), and leaves
    at θ. Each move comes before leaving with the ratio's chance, and any of both comes at n + (i + 1)θ: the
    time to a server is a sum of exponentials of these rates. With u = e^(-θt) and r = n/θ it is above t with
    the chance that a beta variable of r + 1 and j + 1 is below u.
    """
    if within <= 0:
        return 0.0
    ratio = servers / leaving
    shape, rest = ratio + 1, -expm1(-leaving * within)
    # I_u(a, j + 1) by its recurrence in j: I_u(a, j + 1) = I_u(a, j) + u^a (1-u)^j Γ(a + j) / (Γ(a) j!)
    log_term, late, found, reached = -shape * leaving * within, 0.0, 0.0, 1.0
    for j, weight in enumerate(weights):
        late += exp(log_term)
        reached *= (ratio + j) / (ratio + j + 1)
        found += weight * reached * max(0.0, 1 - late)
        if rest <= 0:
            break
        log_term += log(rest) + log1p((shape - 1) / (j + 1))
    return found
