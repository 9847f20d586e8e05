"""Where only time has passed, only what it moves is written: the row reads as if all of it had been."""

from contextlib import suppress
from datetime import timedelta
from uuid import UUID, uuid4

from msgspec import Raw
from msgspec.structs import replace
from tests.journeys.conftest import Shop

from tickets.domain.ticket import Change, Ticket
from tickets.persistence import ticket_sql as sql
from tickets.persistence.connection import Record
from tickets.persistence.ticket_document import document, only_timed
from tickets.persistence.ticket_store import PostgresTickets

ROW = "SELECT * FROM ticket WHERE id = $1"


async def opened(shop: Shop) -> Ticket:
    ticket = await shop.post("/v1/tickets", {"subject": "Tivi hỏng", "tags": ["vip"], "fields": {"size": 55}})
    await shop.tick()
    found = await PostgresTickets(shop.app.engine, uuid4).read(UUID(ticket["id"]))
    assert found is not None
    return found


def aged(shop: Shop, before: Ticket, runs: bytes | None = None) -> Change:
    now = shop.instant + timedelta(hours=1)
    after = replace(
        before,
        epoch=before.epoch + 1,
        clocks=Raw(b'{"each": []}'),
        runs=runs and Raw(runs),
        due_at=None,
        tick_at=now,
        updated_at=now,
    )
    return Change(before=before, after=after, now=now)


async def written(shop: Shop, change: Change, *, timed: bool) -> Record:
    """The row as this statement would leave it."""
    row: list[Record] = []
    with suppress(ZeroDivisionError):
        async with shop.app.engine.transaction():
            statement = sql.SAVE_TIMED if timed else sql.SAVE
            assert len(await shop.app.engine.fetch(statement, document([change], timed=timed))) == 1
            row += await shop.app.engine.fetch(ROW, change.after.id)
            raise ZeroDivisionError
    return row[0]


async def test_both_statements_leave_the_same_row(shop: Shop) -> None:
    ticket = await opened(shop)
    for runs in (None, b"[]"):
        change = aged(shop, ticket, runs)
        assert only_timed(change)
        assert await written(shop, change, timed=True) == await written(shop, change, timed=False)


async def test_a_change_of_anything_else_is_written_too_and_so_is_time_beside_it(shop: Shop) -> None:
    aging, raised = await opened(shop), await opened(shop)
    both = [aged(shop, aging), aged(shop, raised)]
    both[1] = replace(both[1], after=replace(both[1].after, priority="urgent"))
    assert [only_timed(change) for change in both] == [True, False]
    tickets = PostgresTickets(shop.app.engine, uuid4)
    async with tickets.transaction():
        await tickets.save(both)
    assert [await tickets.read(each.after.id) for each in both] == [each.after for each in both]
