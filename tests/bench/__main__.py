"""Measures the service beside the bare database, in one run: `make bench`, or `python tests/bench --help`.

Absolute figures belong to a machine and to what else it does. Contestants therefore take turns, round by
round, and what counts is the ratio of their medians.
"""

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench import arithmetic, calendars, deliveries, lateness, leaving, mails, opening, rosters, routers
from tests.bench.place import Place

PARTS = ("opening", "lateness", "arithmetic", "calendars", "routing", "mail", "leaving")


def main() -> None:
    """Run the parts that were asked for."""
    ask = argparse.ArgumentParser(prog="make bench", description=__doc__)
    ask.add_argument("parts", nargs="*", choices=(*PARTS, []), help="all of them unless named")
    ask.add_argument("--rounds", type=int, default=3, help="turns each contestant takes (3)")
    ask.add_argument("--seconds", type=float, default=4, help="length of a turn (4)")
    ask.add_argument("--connections", type=int, default=16, help="requests under way at once (16)")
    ask.add_argument("--armed", type=int, default=100_000, help="tickets armed for the ticker (100000)")
    ask.add_argument("--due", type=int, default=200, help="of these due each second (200)")
    ask.add_argument("--crowd", type=int, default=2_000, help="tickets due at one instant (2000)")
    ask.add_argument("--overdue", type=int, default=10_000, help="tickets overdue at the start (10000)")
    ask.add_argument("--leaving", type=int, default=2_000, help="webhooks that wait to leave (2000)")
    ask.add_argument(
        "--cases", type=int, default=200, help="random cases for every kind of calendar question (200)"
    )
    asked = ask.parse_args()
    parts = asked.parts or PARTS
    with tempfile.TemporaryDirectory(prefix="tickets-bench-") as folder, Place(Path(folder)) as place:
        if "opening" in parts:
            opening.measure(place, asked.rounds, asked.seconds, asked.connections)
        if "lateness" in parts:
            lateness.measure(place, asked.armed, asked.due, asked.crowd, asked.overdue)
        if "mail" in parts:
            deliveries.measure(place, asked.rounds, asked.seconds, asked.connections)
        if "leaving" in parts:
            leaving.measure(place, asked.leaving)
        if "routing" in parts:
            routers.measure(place, asked.rounds)
    if "arithmetic" in parts:
        arithmetic.measure(asked.rounds)
    if "routing" in parts:
        rosters.measure(asked.rounds)
    if "mail" in parts:
        mails.measure(asked.rounds)
    if "calendars" in parts:
        calendars.measure(asked.rounds, asked.cases)


main()
