"""Envelopes that come at the same time are kept by one statement, and none pays for another."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg

from tickets.application.arrivals.receive import Envelope
from tickets.persistence.engine import Engine
from tickets.persistence.envelopes import PostgresEnvelopes
from tickets.persistence.objects import Objects

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


class Counting(PostgresEnvelopes):
    """Counts its statements."""

    sent = 0

    async def _keep(self, envelopes: Sequence[Envelope], key: str | None = None) -> Sequence[None]:
        self.sent += 1
        return await super()._keep(envelopes, key)


def counting(engine: Engine) -> Counting:
    return Counting(engine, Objects(engine, None, 1_000_000, uuid4, print))


def envelope(n: int, identity: UUID | None = None) -> Envelope:
    return Envelope(
        id=identity or uuid4(),
        channel="inbox",
        account=f"box-{n}",
        media_type="message/rfc822",
        body=b"Subject: %d\r\n\r\n\0\xff" % n,
        given_id=f"key-{n}" if n % 2 else None,
        received_at=NOW,
    )


async def test_those_who_come_together_share_a_statement_and_are_kept_each_as_it_came(engine: Engine) -> None:
    envelopes, come = counting(engine), [envelope(n) for n in range(10)]
    await asyncio.gather(*map(envelopes.keep, come))
    assert [await envelopes.read(each.id) for each in come] == come
    assert envelopes.sent == 1


async def test_one_that_cannot_be_kept_fails_by_itself(engine: Engine) -> None:
    envelopes, taken = counting(engine), envelope(0)
    await envelopes.keep(taken)
    come = [envelope(1), envelope(2, taken.id), envelope(3)]
    ended = await asyncio.gather(*map(envelopes.keep, come), return_exceptions=True)
    assert [type(each) for each in ended] == [type(None), asyncpg.UniqueViolationError, type(None)]
    assert [await envelopes.read(each.id) for each in (come[0], come[2])] == [come[0], come[2]]


async def test_what_is_kept_is_committed_whatever_becomes_of_the_caller(engine: Engine) -> None:
    envelopes, one = counting(engine), envelope(0)
    with suppress(ZeroDivisionError):
        async with engine.transaction():
            await envelopes.keep(one)
            raise ZeroDivisionError
    assert await envelopes.read(one.id) == one
