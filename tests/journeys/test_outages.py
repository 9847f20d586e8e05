"""A session of the database dies in the middle of something: nobody is blamed, nothing is put off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest
from tests.journeys.conftest import Shop

from tickets.application.house import House
from tickets.persistence.outages import OUTAGES
from tickets.persistence.ticket_store import PostgresTickets
from tickets.worker.ticker import Bell, Ticker

_PATIENCE = 30

DEADLY = """
CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
CREATE TRIGGER deadly BEFORE INSERT OR UPDATE ON ticket FOR EACH ROW EXECUTE FUNCTION die();
"""


@asynccontextmanager
async def nobody_survives_writing_a_ticket(shop: Shop) -> AsyncIterator[None]:
    await shop.app.engine.execute(DEADLY)
    yield
    await shop.app.engine.execute("DROP TRIGGER deadly ON ticket")


async def test_a_due_ticket_is_not_set_aside_for_an_outage(shop: Shop) -> None:
    ticket = await shop.post("/v1/tickets", {"subject": "Fire drill", "tags": ["drill"]})
    shop.instant += timedelta(seconds=30)
    async with nobody_survives_writing_a_ticket(shop):
        with pytest.raises(OUTAGES):
            await shop.tick()
    await shop.tick()
    assert (await shop.events(ticket["id"])).count("sla.breached") == 1


async def test_an_envelope_is_not_quarantined_for_an_outage(shop: Shop) -> None:
    porter, desk = shop.app.parts.porter, await shop.app.parts.desks.current()
    later = shop.now() + timedelta(minutes=1)
    async with nobody_survives_writing_a_ticket(shop):
        answer = await shop.client.post(
            "/v1/intake/forms/support", json={"name": "Lan", "topic": "other", "message": "Hỏng"}
        )
        assert answer.status_code == 503
        with pytest.raises(OUTAGES):
            await porter.rescue(desk, later, outages=OUTAGES)
    assert await porter.rescue(desk, later, outages=OUTAGES) == 1
    assert [one["state"] for one in (await shop.get("/v1/envelopes"))["items"]] == ["accepted"]


class GoesAwayWhileLookingAhead(PostgresTickets):
    """Tickets of a database that is lost just when the ticker asks how long it may rest, once."""

    stopped: asyncio.Event
    asked = 0

    async def next_instant(self) -> datetime | None:
        """The second time it answers, and the story is over."""
        self.asked += 1
        if self.asked == 1:
            raise ConnectionResetError("the database went away")
        self.stopped.set()
        return await super().next_instant()


async def test_the_ticker_lives_through_an_outage_at_any_of_its_statements(shop: Shop) -> None:
    house = shop.app.parts.house
    tickets = GoesAwayWhileLookingAhead(shop.app.engine, shop.new_id)
    tickets.stopped = asyncio.Event()
    flaky = House(
        tickets,
        house.desks,
        house.notices,
        house.observer,
        shop.new_id,
        answers=house.answers,
        receipts=house.receipts,
    )
    ticker = Ticker(
        flaky,
        shop.app.parts.porter,
        shop.app.ticker.watch_duty,
        shop.app.parts.presences,
        Bell(),
        shop.app.ticker.signs,
    )
    async with asyncio.timeout(_PATIENCE):
        await ticker.run(shop.now, tickets.stopped)
    assert tickets.asked == 2
