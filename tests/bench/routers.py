"""How many assignments a second the router commits: the desk, the database and the disk are real."""

import asyncio
import time
from statistics import median
from uuid import UUID

import click
from tests.bench.cpu import spent
from tests.bench.place import Place
from tests.bench.request import record
from tests.bench.turn import Turn
from tests.burst_desk import arrive, desk_of, people
from tests.routing.bursts import RULES

from tickets.adapters import system
from tickets.application.assignments.route_waiting import route_waiting
from tickets.bootstrap import Application

AGENTS = 1_000
TICKETS = 4_000
GOAL = 1_000

_GO_HOME = "UPDATE agent_state SET load = 0"
_DONE = "UPDATE ticket SET assignee = NULL, status = 'solved', waiting_since = NULL, route_at = NULL"
_HELD = "SELECT count(*) FROM ticket WHERE assignee IS NOT NULL"


def measure(place: Place, rounds: int) -> None:
    """Let tickets arrive at once, give them all out, and print how long that took."""
    url = place.database("routers", desk_of(people(AGENTS)))

    async def work(app: Application) -> None:
        model = (await record(url)).ticket
        database = place.server_process()
        turns = [await _turn(app, model, database) for _ in range(rounds + 1)][1:]  # the first one warms up
        rates = [turn.rate for turn in turns]
        ours, theirs = median(turn.cpu for turn in turns), median(turn.database for turn in turns)
        click.echo(
            f"\nThe router: {TICKETS:,} tickets wait for {AGENTS:,} agents, {len(RULES)} rules, fsync on"
            f"\n{median(rates):,.0f} assignments a second, at best {max(rates):,.0f} (goal {GOAL:,})"
            f"\nan assignment: {ours:.2f} ms of processor by the router, {theirs:.2f} ms by PostgreSQL,"
            f" one after the other: {1000 / (ours + theirs):,.0f} a second of processor"
        )

    asyncio.run(place.with_app(url, work))


async def _turn(app: Application, model: UUID, database: int) -> Turn:
    for clean in (_DONE, _GO_HOME):
        await app.engine.execute(clean)
    await arrive(app.engine, TICKETS, model)
    await app.engine.execute("VACUUM ANALYZE ticket, agent_state")
    by_database, cpu, started = spent(database), time.process_time(), time.perf_counter()
    await route_waiting(app.parts.house, system.now(), everyone=True)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    by_database = spent(database) - by_database
    held: int = await app.engine.fetch_value(_HELD)
    if held < TICKETS * 0.9:
        raise RuntimeError(f"only {held} of {TICKETS} were given to somebody")
    return Turn(rate=held / took, cpu=1000 * cpu / held, database=1000 * by_database / held)
