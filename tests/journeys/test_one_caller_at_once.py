"""Calls of one number that reach different processes at the same moment: one ticket, one call back."""

import asyncio
from datetime import timedelta

import pytest
from tests.journeys.conftest import Shop

from tickets.application.arrivals.take_call import CallTaker
from tickets.domain.telephony import CallFact
from tickets.intake import CallReport
from tickets.persistence.calls import PostgresCalls

ROUNDS = 12


def processes(shop: Shop, count: int) -> list[CallTaker]:
    """The call takers of so many processes: each has turns of its own, only the database is between them."""
    house = shop.app.parts.house
    return [
        CallTaker(house, PostgresCalls(shop.app.engine), lambda *_: None, lambda: None) for _ in range(count)
    ]


def missed(shop: Shop, call_id: str, number: str) -> CallReport:
    """A call nobody took, told at its end."""
    rang, ended = shop.instant - timedelta(seconds=20), shop.instant
    facts = (CallFact(told="ringing", at=rang, caller=number), CallFact(told="hung_up", at=ended))
    return CallReport(call_id=call_id, facts=facts)


async def opened_for(shop: Shop, numbers: list[str]) -> list[int]:
    """How many tickets each number has come to."""
    rows = await shop.app.engine.fetch(
        "SELECT number, count(DISTINCT ticket_id) FROM call WHERE number = ANY ($1) GROUP BY number", numbers
    )
    return [row[1] for row in rows]


@pytest.mark.parametrize("known", [False, True], ids=["a stranger", "a customer"])
async def test_calls_in_vain_at_once_in_different_processes_are_one_call_back(
    shop: Shop, *, known: bool
) -> None:
    line = (await shop.app.parts.desks.current()).desk.hotlines["1900"]
    takers = processes(shop, 4)
    numbers = [f"+8490{1_000_000 + n}" for n in range(ROUNDS)]
    for number in numbers:
        if known:
            body = {"subject": "trước đó", "customer": {"phone": number}}
            await shop.post("/v1/tickets", body)
        await asyncio.gather(
            *(
                taker.take((missed(shop, f"{number}-{n}", number),), line, shop.instant)
                for n, taker in enumerate(takers)
            )
        )
    assert await opened_for(shop, numbers) == [1] * ROUNDS
    kept = await shop.app.engine.fetch_value("SELECT count(*) FROM call WHERE ticket_id IS NOT NULL")
    assert kept == len(takers) * ROUNDS


async def test_a_place_that_nobody_gives_up_loses_no_call(shop: Shop) -> None:
    """A call that was answered after all is owed nothing: the next in vain has a ticket of its own."""
    line = (await shop.app.parts.desks.current()).desk.hotlines["1900"]
    (taker,) = processes(shop, 1)
    number = "+84901234567"
    await taker.take((missed(shop, "c1", number),), line, shop.instant)
    late = CallFact(told="answered", at=shop.instant - timedelta(seconds=10), agent="sales-lead")
    await taker.take((CallReport(call_id="c1", facts=(late,)),), line, shop.instant)
    await taker.take((missed(shop, "c2", number),), line, shop.instant + timedelta(hours=1))
    assert await opened_for(shop, [number]) == [2]
