"""What replies in messengers leave behind is forgotten once nobody can need it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from tickets.persistence.engine import Engine
from tickets.persistence.message_tokens import MessageTokens, SentParts

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROW = """
INSERT INTO outbox (id, way, destination, body, cause, state, created_at, settled_at)
VALUES ($1, 'zalo', 'oa', '', '{}', $2, $3, $3)
"""


async def test_parts_of_replies_that_left_long_ago_are_forgotten_and_of_dead_ones_kept(
    engine: Engine,
) -> None:
    parts = SentParts(engine)
    for row, state, age in ((1, "settled", 8), (2, "settled", 6), (3, "dead", 90), (4, "pending", 90)):
        await engine.execute(ROW, UUID(int=row), state, NOW - timedelta(days=age))
        await parts.note(UUID(int=row), 0)
    await parts.note(UUID(int=5), 0)  # of a row that is no more
    await parts.forget(NOW - timedelta(days=7))
    assert [await parts.count(UUID(int=row)) for row in range(1, 6)] == [0, 1, 1, 1, 0]


async def test_tokens_of_accounts_that_are_no_more_are_forgotten(engine: Engine) -> None:
    tokens = MessageTokens(engine)
    for account in ("oa", "old"):
        assert await tokens.valid(account, "given", NOW) is None
    await tokens.keep_only(["oa", "page"])
    rows = await engine.fetch("SELECT account FROM message_token")
    assert [row[0] for row in rows] == ["oa"]
