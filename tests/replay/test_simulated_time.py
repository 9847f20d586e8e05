"""Simulated time only moves on, and what is named in it is named the same in every run."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.database import TestServer

from tickets.persistence.engine import Engine
from tickets.replay.cases import read_cases
from tickets.replay.in_process import replay
from tickets.replay.mapping import Mapping
from tickets.replay.own_database import own_database
from tickets.replay.simulation import SimulatedTime
from tickets.settings import Settings

START = datetime(2015, 3, 8, 6, 59, 59, tzinfo=UTC)


def test_time_never_goes_back() -> None:
    clock = SimulatedTime(START)
    clock.move_to(START - timedelta(hours=1))
    assert clock.now() == START
    clock.move_to(START + timedelta(microseconds=1))
    assert clock.now() == START + timedelta(microseconds=1)


def test_ids_made_later_sort_later() -> None:
    clock = SimulatedTime(START)
    made = [clock.new_id(), clock.new_id()]
    clock.move_to(START + timedelta(days=1))
    made.append(clock.new_id())
    assert made == sorted(made)
    assert {each.version for each in made} == {7}


async def test_two_replays_of_one_file_are_one_story(
    postgres: TestServer, rows: Path, mapping: Mapping, desk: str, settings: Settings
) -> None:
    stories = []
    for name in ("tickets_replay_first", "tickets_replay_second"):
        async with own_database(postgres.url, name, keep=False) as url:
            await replay(settings, url, desk, read_cases(rows, mapping), lambda _: None)
            stories.append(await story(url))
    assert stories[0] == stories[1]
    assert len(stories[0]) > 20


async def story(url: str) -> list[tuple[object, ...]]:
    """Every line of every history."""
    engine = Engine(url, pool_size=1)
    await engine.start()
    try:
        rows = await engine.fetch(
            "SELECT ticket_id, epoch, position, type, actor, occurred_at, detected_at, data "
            "FROM ticket_event ORDER BY 1, 2, 3"
        )
        return [tuple(row) for row in rows]
    finally:
        await engine.close()
