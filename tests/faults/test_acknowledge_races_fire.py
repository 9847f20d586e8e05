"""Somebody acknowledges in the very moment in which the next level is due, with two tickers at it."""

import asyncio
import os
import random
from collections.abc import Callable
from datetime import timedelta
from itertools import count as counted
from pathlib import Path
from uuid import UUID

from tests.journeys.conftest import Shop, opened
from tests.journeys.test_escalation_runs import begun, ladder
from tests.journeys.test_escalation_runs import opened as a_ticket

from tickets.application.acts.runs import Acknowledge, tell_run
from tickets.application.pass_time import pass_time
from tickets.bootstrap import Application, wired
from tickets.domain.ticket import Change

LONG = bool(os.environ.get("TICKETS_TEST_LONG"))
ROUNDS, AT_ONCE = (200, 50) if LONG else (2, 25)

# Pages of a run written in a later change than the one in which somebody had it.
_AFTER = """
SELECT count(*) FROM ticket_event AS had JOIN ticket_event AS page ON page.ticket_id = had.ticket_id
WHERE had.type = 'escalation.acknowledged' AND page.type = 'alert_raised' AND page.data ? 'run'
  AND (page.epoch, page.position) > (had.epoch, had.position)
"""
_TWICE = """
SELECT count(*) FROM (SELECT run, level, repeat FROM alert WHERE run IS NOT NULL
                      GROUP BY run, level, repeat HAVING count(*) > 1) AS twice
"""
_OPEN = "SELECT count(*) FROM alert WHERE run IS NOT NULL AND state = 'open'"
_PAGES = "SELECT count(*) FROM alert WHERE run IS NOT NULL AND level = 'second'"


async def test_no_page_leaves_after_acknowledge_and_none_twice(database_url: str, tmp_path: Path) -> None:
    async with opened(database_url, tmp_path, {}) as shop:
        await ladder(shop)
        other = wired(shop.app.settings, database_url, now=shop.now, new_id=_ids())
        async with other as second:
            for turn in range(ROUNDS):
                await _race(shop, (shop.app, second), random.Random(turn))  # noqa: S311 - no secret
        count = shop.app.engine.fetch_value
        assert await count(_AFTER) == 0
        assert await count(_TWICE) == 0
        assert await count(_OPEN) == 0
        assert 0 < await count(_PAGES) < ROUNDS * AT_ONCE


async def _race(shop: Shop, apps: tuple[Application, Application], chance: random.Random) -> None:
    live = []
    for _ in range(AT_ONCE):
        ticket = await a_ticket(shop)
        live.append((ticket, (await begun(shop, ticket))["id"]))
    await shop.pass_time(minutes=9, seconds=59)
    shop.instant += timedelta(seconds=1)  # the second level is due now

    async def acknowledge(ticket: str, run: str) -> Change:
        await asyncio.sleep(chance.random() / 10)
        house = chance.choice(apps).parts.house
        change, _ = await tell_run(house, UUID(ticket), UUID(run), Acknowledge(), "agent:x", shop.instant)
        return change

    async def fire(app: Application) -> None:
        while not everybody.done():
            await pass_time(app.parts.house, shop.instant, _must_not_fail, batch=2)
            await asyncio.sleep(chance.random() / 200)

    await acknowledge(*live[0])  # in time, whoever wins the races
    everybody = asyncio.gather(*(acknowledge(*one) for one in live[1:-1]))
    await asyncio.gather(everybody, *map(fire, apps))
    await apps[0].ticker.step(shop.instant, everyone=False)
    await acknowledge(*live[-1])  # too late


async def _must_not_fail(ticket: UUID, error: Exception) -> None:
    raise AssertionError(ticket) from error


def _ids() -> Callable[[], UUID]:
    """Ids that count up where those of the shop never come."""
    numbers = counted(2**100)
    return lambda: UUID(int=next(numbers))
