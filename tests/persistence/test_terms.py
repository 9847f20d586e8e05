"""Terms are kept once, and what was rolled back is not taken for kept."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

from tickets.persistence.engine import Engine
from tickets.persistence.ticket_store import PostgresTickets

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


async def test_terms_that_were_rolled_back_are_kept_when_they_come_again(engine: Engine) -> None:
    tickets = PostgresTickets(engine, uuid4)
    with suppress(ZeroDivisionError):
        async with engine.transaction():
            await tickets.intern_terms(b"name", b'{"promises": []}', NOW)
            raise ZeroDivisionError
    await tickets.intern_terms(b"name", b'{"promises": []}', NOW)
    assert await tickets.terms(b"name") == b'{"promises": []}'
