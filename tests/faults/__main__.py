"""Injects every fault of the catalogue and counts what was lost and doubled: `make faults`.

It has its own database. Each story ends with the same count; the exit code is 1 unless all of it is 0, and
where it is measured how soon after the fault they go on (`after`), that is soon enough.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

from tests.database import server  # noqa: E402 - found by the line above
from tests.faults.catalogue import STORIES, Story  # noqa: E402
from tests.faults.nursery import Nursery, nursery  # noqa: E402
from tests.faults.scene import Size, own_server, scene  # noqa: E402
from tests.faults.tally import Tally  # noqa: E402

from tickets.observability.logs import configure  # noqa: E402

FULL_DISK = "test_a_full_disk_refuses_what_it_cannot_keep_and_loses_nothing"
WIDTH = 58


def say(name: str, *cells: object) -> None:
    """A line of the table."""
    sys.stdout.write(f"{name:<{WIDTH}}" + "".join(f"{cell!s:>9}" for cell in cells[:9]))
    sys.stdout.write("  " + "  ".join(map(str, cells[9:])) + "\n")
    sys.stdout.flush()


async def play(story: Story, size: Size, born: Nursery, folder: Path) -> Tally:
    """One story in a folder and a database of its own."""
    if story.own_server:
        async with own_server(folder, born) as made:
            return await story.play(made, size)
    with server(folder / "postgres") as postgres:
        await postgres.make_template()
        async with scene(await postgres.create(), folder, born, repeating=story.repeating) as made:
            return await story.play(made, size)


def _seconds(time: timedelta | None) -> str:
    return "-" if time is None else f"{time.total_seconds():.1f} s"


def full_disk() -> tuple[bool, str]:
    """The story of the full disk wants a small file system, which only root can make; is it well, and how?"""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-rs",
        "-k",
        FULL_DISK,
        "tests/faults/test_given_up.py",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    found = re.findall(r"SKIPPED \[\d+\] \S+ (.*)", done.stdout)
    return done.returncode == 0, f"left out: {found[0]}" if found else done.stdout.strip().split("\n")[-1]


async def run(asked: argparse.Namespace) -> bool:
    """Every story that was asked for; whether nothing was lost, doubled or otherwise wrong."""
    well = True
    say("fault", "clocks", "pages", "attempts", "lost", "doubled", "early", "seconds", "latest", "after")
    with tempfile.TemporaryDirectory(prefix="tickets-faults-") as text:
        folder = Path(text)
        async with nursery(folder / "log") as born:
            for number, story in enumerate(STORIES):
                size = story.short if asked.short else story.full
                if size is None or asked.only.lower() not in story.name.lower():
                    continue
                began = time.monotonic()
                place = folder / str(number)
                place.mkdir()
                try:
                    tally = await play(story, size, born, place)
                except pytest.skip.Exception as absent:
                    say(story.name, *"-" * 9, f"left out: {absent}")
                    well = well and os.environ.get("CI") != "true"
                    continue
                except AssertionError as fault:
                    say(story.name, *"-" * 9, f"failed: {fault}")
                    well = False
                    continue
                slow = story.slow(tally, size)
                well = well and not tally.faults and not slow
                numbers = (tally.clocks, tally.pages, tally.attempts, tally.lost, tally.doubled, tally.early)
                others = {name: n for name, n in tally.faults.items() if name in {"changed", "open", "after"}}
                took = f"{time.monotonic() - began:.0f}"
                late, after = _seconds(tally.latest), _seconds(tally.recovery)
                say(story.name, *numbers, took, late, after, tally.said, others or "", "TOO LATE" * slow)
    if asked.only.lower() in "full disk":
        fine, how = full_disk()
        say("full disk", *"-" * 9, how)
        well = well and fine
    return well


def main() -> None:
    """Play, print, leave with 0 or 1."""
    configure(pretty=False, level="CRITICAL")
    ask = argparse.ArgumentParser(prog="make faults", description=__doc__)
    ask.add_argument("--short", action="store_true", help="as little of each as `make test` plays")
    ask.add_argument("--only", default="", help="stories whose name has this in it")
    well = asyncio.run(run(ask.parse_args()))
    sys.stdout.write("nothing was lost, nothing doubled\n" if well else "SOMETHING WENT WRONG\n")
    sys.exit(not well)


main()
