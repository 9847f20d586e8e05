"""How many tickets a second: over HTTP, and the same statements without the service around them."""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import click
import msgspec
from msgspec.structs import replace
from tests.bench.cpu import spent
from tests.bench.load import WARM_UP
from tests.bench.pgbench import pgbench
from tests.bench.place import Place, Running, sample_desk
from tests.bench.turn import Turn

GOAL = 0.6
BARE = "asyncpg, the same two statements"
_HERE = Path(__file__).parent


def measure(place: Place, rounds: int, seconds: float, connections: int) -> None:
    """Let every contestant take its turns, and print the medians."""
    desk = sample_desk()
    bare_url = place.database("bare", desk)
    database = place.server_process()
    first = iter(range(1, 10**9, 10**6))
    with ExitStack() as stack:

        def served(role: str) -> Callable[[], Turn]:
            url = place.database(role, desk)
            key = place.key(url)
            server = stack.enter_context(place.running(role, url, connections))
            return lambda: loaded(server, seconds, "load.py", key, connections, seconds, next(first))

        turns: dict[str, Callable[[], Turn]] = {
            "POST /v1/tickets, tickets api": served("api"),
            "POST /v1/tickets, tickets serve": served("serve"),
            BARE: lambda: run("bare.py", bare_url, connections, seconds),
            "pgbench, the same two statements": lambda: pgbench(bare_url, place.folder, connections, seconds),
        }
        taken: dict[str, list[Turn]] = {name: [] for name in turns}
        for _ in range(rounds):
            for name, turn in turns.items():
                taken[name].append(costed(turn, database, seconds))
    _show(taken, connections)


def loaded(server: Running, seconds: float, script: str, *arguments: object) -> Turn:
    """A turn of a server under the load that a script makes, with what the server spent on a request."""
    before = spent(server.process.pid)
    with server.its_turn():
        turn = run(script, server.port, *arguments)
    return replace(turn, cpu=_a_request(spent(server.process.pid) - before, turn, seconds))


def costed(turn: Callable[[], Turn], database: int, seconds: float) -> Turn:
    """A turn, with what the database spent on a request."""
    before = spent(database)
    taken = turn()
    return replace(taken, database=_a_request(spent(database) - before, taken, seconds))


def _a_request(spent: float, turn: Turn, seconds: float) -> float:
    """Milliseconds of processor time; the warm-up is in both what was spent and what was done."""
    return 1000 * spent / (turn.rate * (seconds + WARM_UP))


def run(script: str, *arguments: object) -> Turn:
    """A turn by a script beside this one."""
    command = [sys.executable, str(_HERE / script), *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, check=False)
    if answer.returncode:
        raise RuntimeError(answer.stderr.decode(errors="replace")[-2000:])
    return msgspec.json.decode(answer.stdout, type=Turn)


def _show(taken: dict[str, list[Turn]], connections: int) -> None:
    """A line for each: medians over its turns, and its rate beside the bare loop's."""
    rates = {name: median(turn.rate for turn in turns) for name, turns in taken.items()}
    click.echo(
        f"\nOpening tickets: durable commits, {connections} connections, medians of {len(taken[BARE])} turns"
    )
    click.echo(
        f"{'':<36}{'a second':>10}{'ratio':>8}{'p50 ms':>9}{'p99 ms':>9}{'cpu ms':>9}{'db ms':>9}   turns"
    )
    for name, turns in taken.items():
        shown = "".join(_column(turns, *column) for column in _COLUMNS)
        each = " ".join(f"{turn.rate:.0f}" for turn in turns)
        click.echo(f"{name:<36}{rates[name]:>10.0f}{rates[name] / rates[BARE]:>8.2f}{shown}   {each}")
    click.echo("cpu: of one core by the server or the loop itself, db: by PostgreSQL, for one ticket.")
    click.echo(f"Goal: over HTTP at least {GOAL} of the bare loop.")


_COLUMNS = (("p50", 1), ("p99", 1), ("cpu", 2), ("database", 2))


def _column(turns: list[Turn], field: str, places: int) -> str:
    """The median of a figure; a dash where nobody looked."""
    figure = median(getattr(turn, field) for turn in turns)
    return f"{figure:>9.{places}f}" if figure else f"{'-':>9}"
