"""How many assignments a second the router commits: the desk, the database and the disk are real."""

import asyncio
import time
from statistics import median
from uuid import UUID

import click
from tests.bench.place import Place
from tests.bench.request import record
from tests.burst_desk import arrive, desk_of, people
from tests.routing.bursts import RULES

from tickets.adapters import system
from tickets.application.route_waiting import route_waiting
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
        turns = [await _turn(app, model) for _ in range(rounds + 1)][1:]  # the first one warms up
        click.echo(
            f"\nThe router: {TICKETS:,} tickets wait for {AGENTS:,} agents, {len(RULES)} rules, fsync on"
            f"\n{median(turns):,.0f} assignments a second, at best {max(turns):,.0f} (goal {GOAL:,})"
        )

    asyncio.run(place.with_app(url, work))


async def _turn(app: Application, model: UUID) -> float:
    for clean in (_DONE, _GO_HOME):
        await app.engine.execute(clean)
    await arrive(app.engine, TICKETS, model)
    await app.engine.execute("VACUUM ANALYZE ticket, agent_state")
    started = time.perf_counter()
    await route_waiting(app.parts.house, system.now(), everyone=True)
    took = time.perf_counter() - started
    held: int = await app.engine.fetch_value(_HELD)
    if held < TICKETS * 0.9:
        raise RuntimeError(f"only {held} of {TICKETS} were given to somebody")
    return held / took
