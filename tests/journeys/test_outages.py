"""A session of the database dies in the middle of something: nobody is blamed, nothing is put off."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from tests.journeys.conftest import Shop

from tickets.persistence.outages import OUTAGES

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
