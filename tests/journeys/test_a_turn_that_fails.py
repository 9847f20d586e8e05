"""A ticket whose turn fails is put off, longer each time, and said so; nobody waits behind it."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs
from tests.journeys.conftest import Shop
from tests.journeys.test_presence import alone
from tests.journeys.test_shifts import HN, assignee, comes, put

from tickets.application.pass_time import ASIDE, pass_time
from tickets.domain.ticket import Ticket
from tickets.persistence.presence_store import PostgresPresences
from tickets.persistence.ticket_store import PostgresTickets
from tickets.worker.ticker import PULSE, Bell

SPOIL = "UPDATE ticket SET clocks = '[{\"metric\": 7}]' WHERE id = $1"
"""What a fault of ours, or of whoever restored a backup, may leave behind."""
TICK_AT = "SELECT tick_at FROM ticket WHERE id = $1"


async def drill(shop: Shop) -> str:
    ticket: str = (await shop.post("/v1/tickets", {"subject": "Fire drill", "tags": ["drill"]}))["id"]
    return ticket


async def shown(shop: Shop, metric: str) -> float:
    await shop.app.parts.measure()
    lines = shop.app.parts.metrics.exposition().decode().splitlines()
    (found,) = [line for line in lines if line.startswith(f"{metric} ")]
    return float(found.split()[1])


async def test_a_poisoned_ticket_is_put_off_longer_each_time_and_the_others_go_on(shop: Shop) -> None:
    poisoned, sound = await drill(shop), await drill(shop)
    clocks = await shop.app.engine.fetch_value("SELECT clocks FROM ticket WHERE id = $1", poisoned)
    await shop.app.engine.execute(SPOIL, poisoned)
    shop.instant += timedelta(minutes=1)
    waits: list[timedelta] = []
    for _ in range(len(ASIDE) + 1):
        await shop.tick()
        await shop.tick()  # the first one put the poisoned ticket off and went no further
        due: datetime = await shop.app.engine.fetch_value(TICK_AT, poisoned)
        waits.append(due - shop.instant)
        assert await shown(shop, "tickets_set_aside") == 1
        shop.instant = due
    assert waits == [*ASIDE, ASIDE[-1]]
    assert (await shop.events(sound)).count("sla.breached") == 1
    assert (await shop.get(f"/v1/tickets/{sound}"))["assignee"] is not None, "it was not in the router's way"
    assert await shown(shop, "tickets_ticker_failures_total") > 0, "which was said"
    assert (await shop.events(poisoned)).count("set_aside") == 1, "its history is not filled with one fault"
    await shop.app.engine.execute("UPDATE ticket SET clocks = $2 WHERE id = $1", poisoned, clocks)
    await shop.tick()
    assert (await shop.events(poisoned)).count("sla.breached") == 1
    assert await shown(shop, "tickets_set_aside") == 0


async def test_a_poisoned_ticket_keeps_no_other_from_being_handed_back(shop: Shop) -> None:
    await alone(shop, beats=False)
    poisoned, sound = await comes(shop), await comes(shop)
    await shop.tick()
    assert (await assignee(shop, poisoned), await assignee(shop, sound)) == (HN, HN)
    await shop.app.engine.execute(SPOIL, poisoned)
    assert (await shop.client.delete(f"/v1/desk/agents/{HN}")).status_code == 204
    await shop.tick()
    assert "handed_back" in await shop.events(sound)
    assert await shown(shop, "tickets_ticker_failures_total") > 0, "which was said"


async def test_a_poisoned_ticket_keeps_no_other_from_being_taken_back(shop: Shop) -> None:
    await put(shop, "teams/sales", await shop.get("/v1/desk/teams/sales") | {"react_within": "PT10M"})
    await alone(shop, beats=False)
    poisoned, sound = await comes(shop), await comes(shop)
    await shop.tick()
    await shop.app.engine.execute(SPOIL, poisoned)
    await shop.app.engine.execute("UPDATE ticket SET tick_at = NULL WHERE id = $1", poisoned)
    shop.instant += timedelta(minutes=11)
    await shop.tick()
    assert "routing.not_reacted" in await shop.events(sound)
    assert await shown(shop, "tickets_ticker_failures_total") > 0, "which was said"


class Listening(Bell):
    """Notes how long the ticker would rest; after three times the story is over."""

    def __init__(self) -> None:
        super().__init__()
        self.rests: list[timedelta] = []
        self.stopped = asyncio.Event()

    async def wait(self, most: timedelta) -> None:
        self.rests.append(most)
        if len(self.rests) == 3:
            self.stopped.set()


async def test_what_stays_due_since_it_fails_does_not_keep_the_ticker_awake(shop: Shop) -> None:
    poisoned = await drill(shop)
    await shop.app.engine.execute(SPOIL, poisoned)
    await shop.app.engine.execute("UPDATE ticket SET tick_at = NULL WHERE id = $1", poisoned)
    bell = shop.app.ticker.bell = Listening()
    with capture_logs() as lines:
        await shop.app.ticker.run(shop.now, bell.stopped)
    assert bell.rests == [PULSE] * 3
    assert [line["event"] for line in lines].count("ticket.passed_over") == 1, "it is said once"
    assert await shown(shop, "tickets_ticker_failures_total") == 3, "and counted each time"


async def test_what_anybody_does_to_the_ticket_ends_the_alarm_until_it_fails_again(shop: Shop) -> None:
    poisoned = await drill(shop)
    await shop.app.engine.execute(SPOIL, poisoned)
    shop.instant += timedelta(minutes=1)
    await shop.tick()
    assert await shown(shop, "tickets_set_aside") == 1
    await shop.app.engine.execute(
        "UPDATE ticket SET epoch = epoch + 1, tick_at = $2 WHERE id = $1", poisoned, shop.instant
    )
    assert await shown(shop, "tickets_set_aside") == 0
    await shop.tick()
    assert await shop.app.engine.fetch_value(TICK_AT, poisoned) == shop.instant + ASIDE[0]


async def test_what_is_due_and_waits_for_a_ticker_is_seen_without_one(shop: Shop) -> None:
    await drill(shop)
    await shop.tick()
    due = await shop.app.parts.house.tickets.next_instant()
    assert due is not None
    assert await shown(shop, "tickets_overdue_seconds") == 0
    shop.instant = due + timedelta(minutes=7)
    assert await shown(shop, "tickets_overdue_seconds") == 420


class Broken(PostgresPresences):
    """A part of the ticker's turn that has a fault; the second time it fails, the story is over."""

    failures = 0
    stopped: asyncio.Event

    async def settle(self, now: datetime, agent: str | None = None) -> list[str]:  # noqa: ARG002 - it fails
        self.failures += 1
        if self.failures > 1:
            self.stopped.set()
        raise ZeroDivisionError("a fault of ours")


async def test_a_part_of_the_turn_that_fails_keeps_no_other_from_its_turn(shop: Shop) -> None:
    ticket = await drill(shop)
    ticker = shop.app.ticker
    broken = Broken(shop.app.engine)
    broken.stopped = asyncio.Event()
    ticker.presences = broken
    shop.instant += timedelta(minutes=1)
    with pytest.raises(ZeroDivisionError):
        await shop.tick()
    assert (await shop.events(ticket)).count("sla.breached") == 1
    assert (await shop.get(f"/v1/tickets/{ticket}"))["assignee"] is not None, "routing had its turn, too"
    async with asyncio.timeout(30):
        await ticker.run(shop.now, broken.stopped)
    assert await shown(shop, "tickets_ticker_failures_total") == 1


async def test_who_finds_the_failing_ticket_done_by_another_puts_nobody_off(shop: Shop) -> None:
    poisoned, sound = await drill(shop), await drill(shop)
    clocks = await shop.app.engine.fetch_value("SELECT clocks FROM ticket WHERE id = $1", poisoned)
    await shop.app.engine.execute(SPOIL, poisoned)
    shop.instant += timedelta(minutes=1)
    house = shop.app.parts.house
    tickets = MendedJustThen(shop.app.engine, shop.new_id)
    tickets.mend = (clocks, poisoned)
    sound_tickets, house.tickets = house.tickets, tickets
    told: list[object] = []
    assert await pass_time(house, shop.instant, lambda ticket, _: told.append(ticket), batch=1) == []
    house.tickets = sound_tickets
    assert told == []
    await shop.tick()
    for ticket in (poisoned, sound):
        assert (await shop.events(ticket)).count("sla.breached") == 1


class MendedJustThen(PostgresTickets):
    """Somebody else does to the failing ticket what there is to do, before it can be put off."""

    mend: tuple[bytes, str]

    async def lock(self, ticket: UUID) -> Ticket | None:
        clocks, poisoned = self.mend
        await self.engine.execute(
            "UPDATE ticket SET clocks = $1, epoch = epoch + 1 WHERE id = $2", clocks, poisoned
        )
        return await super().lock(ticket)
