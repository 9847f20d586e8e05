"""How fast routing decides: one ticket among many agents, a burst, and beside a plain scan of everybody."""

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import TypeVar

import click
from msgspec.structs import replace
from tests.bench.cpu import yardstick
from tests.routing.bursts import NOW, REGIONS, RULES, Burst, burst
from tests.routing.naive import NaiveRouter

from routing import Decision, Matcher, Roster, route

T = TypeVar("T")
SIZES = (1_000, 10_000, 100_000)
DECISIONS = 300
SCANNED = 10
GOALS = "Goals: 20 and 100 ms; 200 µs among 10,000, at most twice the first among 100,000; 30 times the scan."


def measure(rounds: int) -> None:
    """One line for each figure: processor time of one core, so that others on the machine weigh less.

    A core that is shared takes more of it all the same, so bursts are told in yardsticks of the moment, too.
    """
    click.echo(f"\nRouting, every decision with its explanation ({len(RULES)} rules), medians")
    _burst("greedy", rounds)
    _burst("optimal", rounds)
    first = 0.0
    for agents in SIZES:
        world = burst(7, tickets=DECISIONS, agents=agents, busy=0.7)
        decided, moved = _one_by_one(world)
        first = first or decided
        click.echo(
            f"{f'one decision among {agents:,} agents':<40}{_us(decided)}  {decided / first:4.1f} × the first"
            f", a change {_us(moved)}, made anew {_ms(_built(world))}"
        )
    _beside_a_scan()
    click.echo(f"A yardstick takes {_ms(min(yardstick() for _ in range(50)))} at best by now.")
    click.echo("Warm: the roster is kept, has seen tickets of these kinds, and is told of every assignment.")
    click.echo(GOALS)


def _one_by_one(world: Burst) -> tuple[float, float]:
    """Each ticket alone, then its assignment told to the roster; the first turn over the tickets warms up."""
    roster = Roster(world.agents, world.availability, REGIONS)
    for ticket in world.tickets:
        route([ticket], roster, RULES, NOW)
    decided: list[float] = []
    moved: list[float] = []
    for ticket in world.tickets:
        took, (decision,) = _timed(partial(route, [ticket], roster, RULES, NOW))
        decided.append(took)
        if decision.agent:
            seen = roster.seen[roster.index.place[decision.agent]]
            busier = replace(seen, load=seen.load + 1, last_assigned_at=decision.assigned_at)
            took, _ = _timed(partial(roster.move, decision.agent, busier))
            moved.append(took)
    return median(decided), median(moved)


def _built(world: Burst) -> float:
    """A roster from nothing, and its first decision."""
    took, _ = _timed(
        lambda: route(world.tickets[:1], Roster(world.agents, world.availability, REGIONS), RULES, NOW)
    )
    return took


def _beside_a_scan() -> None:
    """The same tickets, each alone among 10,000 agents, by both; their decisions must be the same."""
    world = burst(7, tickets=SCANNED, agents=10_000, busy=0.7)
    naive = NaiveRouter(world.agents, world.availability, REGIONS, RULES, NOW)
    ours: list[float] = []
    scan: list[float] = []
    for ticket in world.tickets:
        route([ticket], world.roster, RULES, NOW)
        took, (decision,) = _timed(partial(route, [ticket], world.roster, RULES, NOW))
        ours.append(took)
        naive.seen = {key.key: world.roster.seen[i] for i, key in enumerate(world.roster.index.agents)}
        took, scanned = _timed(partial(naive.decide, ticket))
        scan.append(took)
        if (decision.outcome, decision.agent) != scanned:
            raise AssertionError(f"the scan says {scanned}, routing {decision.outcome}, {decision.agent}")
    click.echo(
        f"{'the same by a plain scan of 10,000':<40}{_us(median(scan))}  {median(scan) / median(ours):4.0f} ×"
        " ours, the same decisions, no explanation"
    )


def _burst(matcher: Matcher, rounds: int) -> None:
    world = burst(7, tickets=1000, agents=200)
    for listed, named in ((0, "counts alone"), (20, "20 names a group")):
        asked = partial(route, world.tickets, world.roster, RULES, NOW, matcher=matcher, listed=listed)
        decisions: Sequence[Decision] = asked()
        turns: list[tuple[float, float, float]] = []
        for _ in range(rounds):
            before, started = yardstick(), time.perf_counter()
            took, decisions = _timed(asked)
            clock = time.perf_counter() - started
            turns.append((took, clock, took / min(before, yardstick())))
        cpu, clock, yards = (median(column) for column in zip(*turns, strict=True))
        placed = sum(decision.outcome == "assigned" for decision in decisions)
        click.echo(
            f"{f'1,000 waiting × 200 agents, {matcher}':<40}{_ms(cpu)}, by the clock {_ms(clock)}, at best"
            f" {_ms(min(turns)[0])}, {yards:5.1f} yardsticks, {placed} placed, {named}"
        )


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    gc.collect(0)
    started = time.thread_time()
    done = work()
    return time.thread_time() - started, done


def _us(seconds: float) -> str:
    return f"{seconds * 1e6:8,.0f} µs"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:8,.1f} ms"
