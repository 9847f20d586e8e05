"""Requests of long ago go through the whole application at their own instants."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.boston_desk import boston_desk
from tests.sla.shared_data import DATA, needs

from tickets.errors import CannotStart
from tickets.replay.cases import read_cases
from tickets.replay.in_process import Replayed, replay
from tickets.replay.mapping import BOSTON311, Mapping, read_mapping
from tickets.settings import Settings
from tickets.worker.ticker import PULSE


@pytest.fixture
async def replayed(
    rows: Path, mapping: Mapping, desk: str, settings: Settings, database_url: str
) -> Replayed:
    """The town's file, replayed."""
    return await replay(settings, database_url, desk, read_cases(rows, mapping), lambda _: None)


async def test_every_request_comes_in_once_by_its_channel(replayed: Replayed) -> None:
    found = replayed.tally
    assert found.channels == {"hotline": 2, "form": 1, "inbox": 1, "api": 2}
    assert (found.cases, found.tickets, found.lost, found.doubled) == (6, 6, 0, 0)
    assert replayed.refused == {}
    assert replayed.requests == 10


async def test_due_instants_and_verdicts_are_those_of_the_file(replayed: Replayed) -> None:
    found = replayed.tally
    assert found.due.differing == {}
    assert found.due.equal == 6
    assert found.verdict.differing == {}
    assert found.verdict.equal == found.verdict.compared == 4


async def test_breaches_escalate_when_they_happen(replayed: Replayed) -> None:
    """Two lights are late; a tree due on the last day of the file is not: time ends there."""
    found = replayed.tally
    assert found.clocks == {"met": 3, "breached": 2, "running": 1}
    assert (found.escalated, found.alerts) == (2, 2)
    assert found.latest is not None
    assert timedelta(0) <= found.latest <= PULSE + timedelta(milliseconds=1)


async def test_an_agent_who_is_full_takes_no_more(replayed: Replayed) -> None:
    """The last light comes and goes while one agent holds three others."""
    found = replayed.tally
    assert (found.assigned, found.waiting.total(), found.solved_unassigned) == (5, 0, 1)


async def test_whoever_is_not_assigned_waits_with_a_reason(
    rows: Path, mapping: Mapping, desk: str, settings: Settings, database_url: str
) -> None:
    smaller = desk.replace("capacity: 3", "capacity: 1")
    found = await replay(settings, database_url, smaller, read_cases(rows, mapping), lambda _: None)
    assert found.tally.waiting.total() == 1
    assert all(reason not in {"", "not asked yet"} for reason in found.tally.waiting)


async def test_the_summary_says_it_all(replayed: Replayed) -> None:
    text = str(replayed)
    for part in ("0 lost, 0 doubled, 0 refused", "due instants 6 of 6", "verdicts     4 of 4", "a second"):
        assert part in text


async def test_a_database_in_use_is_refused(
    replayed: Replayed, rows: Path, mapping: Mapping, desk: str, settings: Settings, database_url: str
) -> None:
    assert replayed.tally.tickets == 6
    with pytest.raises(CannotStart, match="must be empty"):
        await replay(settings, database_url, desk, read_cases(rows, mapping), lambda _: None)


@needs("boston311/sla_cases_2015_h1.csv.gz", "boston311/calendar.json", "boston311/sla_by_type.csv")
async def test_a_citys_own_engine_says_the_same(settings: Settings, database_url: str) -> None:
    folder = DATA / "boston311"
    cases = read_cases(folder / "sla_cases_2015_h1.csv.gz", read_mapping(BOSTON311), limit=300)
    found = await replay(settings, database_url, boston_desk(folder), cases, lambda _: None)
    assert found.refused == {}
    assert (found.tally.tickets, found.tally.lost, found.tally.doubled) == (300, 0, 0)
    assert found.tally.due.differing == {}
    assert found.tally.verdict.differing == {}
    assert set(found.tally.channels) >= {"hotline", "form", "api"}
    assert found.tally.escalated > 0
