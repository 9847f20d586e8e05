"""Erlang's and Palm's formulas against published values, plain birth-death chains, and their own laws."""

from datetime import timedelta
from math import isclose, isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.erlang import erlang_a, erlang_b, erlang_c
from routing.staffing import Promise, congestion, loads, servers_needed

MINUTE = timedelta(minutes=1)
numbers = st.integers(1, 40)
traffic = st.floats(0.05, 60)


@pytest.mark.parametrize(
    ("servers", "load"),
    [(1, 0.0101), (2, 0.153), (5, 1.36), (10, 4.46), (20, 12.0), (50, 37.9), (100, 84.1)],
)
def test_erlang_b_is_that_of_the_tables(servers: int, load: float) -> None:
    """Traffic with 1 % loss: ITU-D Teletraffic Engineering Handbook (Iversen), table of Erlang B."""
    assert erlang_b(servers, load) == pytest.approx(0.01, rel=0.025)  # given to three digits


def test_erlang_c_is_that_of_published_examples() -> None:
    """By Mitan (The Erlang-C Formula) and Call Centre Helper (Erlang C formula made simple)."""
    found = congestion(55, 48.0, 4 * MINUTE, Promise(within=timedelta(seconds=15)))
    assert found.waits == pytest.approx(0.239, abs=0.0005)
    assert found.within == pytest.approx(0.846, abs=0.001)
    assert found.mean_wait * 240 == pytest.approx(8.2, abs=0.05)
    found = congestion(14, 10.0, 3 * MINUTE, Promise())
    assert found.waits == pytest.approx(0.1741, abs=0.00005)
    assert found.within == pytest.approx(0.888, abs=0.0005)
    assert found.mean_wait * 180 == pytest.approx(7.8, abs=0.05)
    assert servers_needed(10.0, 3 * MINUTE, Promise()) == 14


def test_erlang_a_is_that_of_garnett_mandelbaum_and_reiman() -> None:
    """Their table 1 (2002): 50 agents, 48 calls a minute of a minute, patience 2 minutes."""
    impatient, patient = erlang_a(50, 48.0, 2.0), erlang_c(50, 48.0)
    assert impatient.gives_up == pytest.approx(0.031, abs=0.0005)
    assert impatient.mean_wait * 60 == pytest.approx(3.7, abs=0.05)
    assert impatient.occupancy == pytest.approx(0.93, abs=0.005)
    assert patient.mean_wait * 60 == pytest.approx(20.8, abs=0.1)
    assert patient.occupancy == pytest.approx(0.96)
    assert erlang_c(50, 48.0, within=58.1 / 60).within == pytest.approx(0.9, abs=0.002)


def chain(servers: int, load: float, leaving: float, within: float) -> tuple[float, float, float, float]:
    """Waits, served within, gives up, mean wait: by the states' balance, and time in small steps."""
    states = [1.0]
    while len(states) < servers + 10 or states[-1] > 1e-14 * max(states):
        n = len(states)
        states.append(states[-1] * load / (min(n, servers) + max(0, n - servers) * leaving))
    whole = sum(states)
    chances = [each / whole for each in states]
    queue = sum(max(0, n - servers) * chance for n, chance in enumerate(chances))
    ahead = [0.0] * (len(chances) - servers)  # how many wait before the newcomer; served once at -1
    for n, chance in enumerate(chances[servers:]):
        ahead[n] = chance
    served, steps = sum(chances[:servers]), 20_000
    dt = within / steps
    for _ in range(steps):
        served += ahead[0] * servers * dt
        moved = [
            chance * (1 - (servers + (n + 1) * leaving) * dt)
            + (ahead[n + 1] * (servers + (n + 1) * leaving) * dt if n + 1 < len(ahead) else 0)
            for n, chance in enumerate(ahead)
        ]
        ahead = moved
    return sum(chances[servers:]), served, queue * leaving / load, queue / load


@pytest.mark.parametrize(
    ("servers", "load", "patience", "within"),
    [(1, 0.7, 1.0, 0.3), (3, 2.5, 2.0, 0.5), (5, 7.0, 0.5, 0.2), (4, 3.9, 3.0, 1.0)],
)
def test_erlang_a_is_its_birth_death_chain_run_step_by_step(
    servers: int, load: float, patience: float, within: float
) -> None:
    found = erlang_a(servers, load, patience, within)
    waits, served, gives_up, mean_wait = chain(servers, load, 1 / patience, within)
    assert found.waits == pytest.approx(waits, rel=1e-9)
    assert found.gives_up == pytest.approx(gives_up, rel=1e-9)
    assert found.mean_wait == pytest.approx(mean_wait, rel=1e-9)
    assert found.within == pytest.approx(served, abs=2e-4)


@given(numbers, traffic, st.floats(0, 3))
def test_without_giving_up_palm_comes_to_erlang(servers: int, load: float, within: float) -> None:
    if load > 0.95 * servers:
        return
    patient, palm = erlang_c(servers, load, within), erlang_a(servers, load, 1e7, within)
    assert palm.waits == pytest.approx(patient.waits, rel=1e-3, abs=1e-9)
    assert palm.within == pytest.approx(patient.within, rel=1e-3)


@given(numbers, traffic, st.floats(0.05, 20), st.floats(0, 3))
def test_one_server_more_is_never_worse(servers: int, load: float, patience: float, within: float) -> None:
    for less, more in (
        (erlang_c(servers, load, within), erlang_c(servers + 1, load, within)),
        (erlang_a(servers, load, patience, within), erlang_a(servers + 1, load, patience, within)),
    ):
        assert more.within >= less.within - 1e-9
        assert more.mean_wait <= less.mean_wait + 1e-9
        assert 0 <= less.within <= 1 + 1e-12
        assert 0 <= less.gives_up <= 1


def test_nothing_overflows() -> None:
    for servers, load in ((1, 5000.0), (5000, 1.0), (5000, 5000.0), (10, 2000.0)):
        found = erlang_a(servers, load, 5.0, 0.1)
        assert all(map(isfinite, (found.waits, found.within, found.gives_up, found.mean_wait)))
    assert erlang_a(10, 2000.0, 5.0).gives_up == pytest.approx(1 - 10 / 2000, rel=1e-6)
    assert servers_needed(20_000.0, 3 * MINUTE, Promise()) in range(20_000, 20_200)


@given(traffic, st.floats(0.5, 0.99), st.integers(0, 600), st.none() | st.integers(10, 3600))
def test_the_fewest_that_keep_the_promise(
    load: float, share: float, within: int, patience: int | None
) -> None:
    promise = Promise(
        share=share,
        within=timedelta(seconds=within),
        patience=None if patience is None else timedelta(seconds=patience),
    )
    needed = servers_needed(load, 3 * MINUTE, promise)
    assert congestion(needed, load, 3 * MINUTE, promise).within >= share
    assert needed == 0 or congestion(needed - 1, load, 3 * MINUTE, promise).within < share


@given(st.lists(st.floats(0, 100), min_size=1, max_size=24), st.floats(0.01, 40))
def test_no_work_is_lost_between_hours(arrivals: list[float], hours: float) -> None:
    found = loads(arrivals, timedelta(hours=hours))
    assert isclose(sum(found), sum(arrivals) * (timedelta(hours=hours) / timedelta(hours=1)), abs_tol=1e-6)


def test_work_longer_than_an_hour_is_at_work_in_the_next() -> None:
    assert loads([6, 0, 0, 0], timedelta(minutes=10)) == pytest.approx([6 * (1 / 6 - 1 / 72), 6 / 72, 0, 0])
    assert loads([1, 0, 0, 0], timedelta(hours=2)) == pytest.approx([0.5, 1, 0.5, 0])
    assert loads([1], timedelta(hours=2)) == pytest.approx([2])
