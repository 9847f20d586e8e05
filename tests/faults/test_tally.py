"""The count of the stories sees what it is there to see: each fault put into a database by hand is found."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace
from tests.faults.nursery import Nursery
from tests.faults.scene import Scene, Size, scene
from tests.faults.tally import Page, taken

from tickets.adapters import system

_ONE = "(SELECT ctid FROM ticket_event WHERE type = 'sla.breached' LIMIT 1)"
_STILL = "(SELECT id FROM alert WHERE level = 'still' AND covers = '{}' LIMIT 1)"
_PAGE = "(SELECT id FROM outbox LIMIT 1)"
_AGAIN = f"""
INSERT INTO ticket_event (ticket_id, epoch, position, type, actor, occurred_at, detected_at, data)
SELECT ticket_id, epoch + 7, position, type, actor, occurred_at, detected_at, data
FROM ticket_event WHERE ctid = {_ONE}
"""
_REPEATED = f"""
INSERT INTO ticket_event (ticket_id, epoch, position, type, actor, occurred_at, detected_at, data)
SELECT ticket_id, epoch + n, 7, CASE n WHEN 1 THEN 'alert_acknowledged' ELSE 'alert_raised' END, actor,
       occurred_at, detected_at, '{{"repeat": 1}}'
FROM ticket_event, generate_series(1, 2) AS n WHERE ctid = {_ONE}
"""
_PAGED_TWICE = f"""
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, attempts, created_at)
SELECT gen_random_uuid(), way, destination, body, cause, 'pending', now(), 1, created_at
FROM outbox WHERE id = {_PAGE}
"""
FAULTS = {
    "a breach never said": (f"DELETE FROM ticket_event WHERE ctid = {_ONE}", {"lost": 1}),
    "a breach said twice": (_AGAIN, {"doubled": 1}),
    "a breach before its instant": (
        f"UPDATE ticket_event SET detected_at = occurred_at - interval '1 ms' WHERE ctid = {_ONE}",
        {"early": 1},
    ),
    "a page never written": (f"DELETE FROM outbox WHERE id = {_PAGE}", {"lost": 1, "changed": 1}),
    "a page still there": (f"UPDATE outbox SET state = 'pending' WHERE id = {_PAGE}", {"open": 1}),
    "a level fired twice": (f"UPDATE alert SET covers = '{{broken}}' WHERE id = {_STILL}", {"doubled": 1}),
    "a level never fired": (f"DELETE FROM alert WHERE id = {_STILL}", {"lost": 1}),
    "a level before its instant": (
        f"UPDATE alert SET detected_at = occurred_at - interval '1 ms' WHERE id = {_STILL}",
        {"early": 1},
    ),
    "a breach committed before its instant": (
        f"UPDATE ticket_event SET detected_at = '2100-01-01', occurred_at = '2100-01-01' WHERE ctid = {_ONE}",
        {"early": 1},
    ),
    "two pages of one alert": (
        _PAGED_TWICE,
        {"doubled": 1, "open": 1},
    ),
    "a page given up": (f"UPDATE outbox SET state = 'dead' WHERE id = {_PAGE}", {"lost": 1}),
    "a page given up over the dead": (
        (
            "UPDATE outbox SET state = 'dead', last_error = '12 attempts ended without an outcome'"
            f" WHERE id = {_PAGE}"
        ),
        {},
    ),
    "a page put into a digest": (f"UPDATE outbox SET state = 'gathered' WHERE id = {_PAGE}", {"lost": 1}),
    "a page withdrawn for nobody": (f"UPDATE outbox SET state = 'withdrawn' WHERE id = {_PAGE}", {"lost": 1}),
    "a page long after somebody had it": (
        f"UPDATE alert SET acknowledged_at = now() - interval '1 h' WHERE id = {_STILL}",
        {"after": 1},
    ),
    "a page sent without a lease": (f"UPDATE outbox SET attempts = 0 WHERE id = {_PAGE}", {"doubled": 1}),
    "a repetition after somebody had it": (_REPEATED, {"after": 1}),
}
"""What is done to the database, and what the count says of it."""


@pytest.fixture
async def played(database_url: str, tmp_path: Path, born: Nursery) -> AsyncIterator[Scene]:
    """A scene in which all went well: two tickers' turns, no processes, every page settled and seen."""
    async with scene(database_url, tmp_path, born) as made:
        await made.arm(Size(3, 3, 100, 0), system.now() - timedelta(minutes=1))
        due = await made.app.engine.fetch_value("SELECT max(tick_at) FROM ticket")
        await made.app.ticker.step(due, everyone=False)
        await made.app.ticker.step(system.now(), everyone=False)
        await made.app.engine.execute("UPDATE outbox SET state = 'settled', wake_at = NULL, attempts = 1")
        yield made


async def pages_of(played: Scene) -> list[Page]:
    rows = await played.app.engine.fetch("SELECT id, body FROM outbox")
    return [Page(row, body, system.now()) for row, body in rows]


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_put_into_the_database_is_found(played: Scene, fault: str) -> None:
    statement, expected = FAULTS[fault]
    models, pages = list(played.models.values()), await pages_of(played)
    connection = await played.app.engine.get_new_connection()
    assert (await taken(connection, models, pages)).faults == {}
    await connection.execute(statement)
    assert (await taken(connection, models, pages)).faults == expected
    await connection.close()


async def test_attempts_that_differ_or_are_missing_are_found(played: Scene) -> None:
    models, (first, *others) = list(played.models.values()), await pages_of(played)
    connection = await played.app.engine.get_new_connection()
    for pages, expected in (
        ([first, *others], {}),
        ([first, first, *others], {"doubled": 1}),
        (others, {"lost": 1}),
        ([replace(first, body=b"{}"), *others], {"changed": 1}),
        ([replace(first, row=uuid4()), first, *others], {"changed": 1}),
        ([replace(first, at=first.at - timedelta(days=1)), *others], {"early": 1}),
    ):
        assert (await taken(connection, models, pages)).faults == expected
    await connection.close()


async def test_a_ticket_that_is_gone_is_missed(played: Scene) -> None:
    one = "(SELECT ticket_id FROM ticket_event WHERE type = 'sla.breached' LIMIT 1)"
    played.ears.requests = []
    before = (await played.tally()).lost
    await played.app.engine.execute(f"UPDATE ticket SET subject = 'quiet' WHERE id = {one}")
    assert (await played.tally()).lost == before
    played.armed += 1
    assert (await played.tally()).lost == before + 1
