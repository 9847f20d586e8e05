"""Tokens that change hands with every use: one worker renews, the others wait. And parts that have left."""

from collections.abc import Collection
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from tickets.application.answers.tokens import Renewed
from tickets.persistence.engine import Engine

LEASE = timedelta(seconds=60)
"""How long a renewal may take: longer than an attempt."""

_GIVEN = """
INSERT INTO message_token (account, given, refresh_token) VALUES ($1, $2, $3)
ON CONFLICT (account) DO UPDATE SET given = excluded.given, refresh_token = excluded.refresh_token,
    access_token = NULL, expires_at = NULL, renewing_until = NULL
WHERE message_token.given <> excluded.given
"""
_READ = "SELECT access_token FROM message_token WHERE account = $1 AND given = $2 AND expires_at > $3"

# The row's own lock decides between two who come at once: the second finds it taken.
_TAKE = """
UPDATE message_token SET renewing_until = $3
WHERE account = $1 AND (expires_at IS NULL OR expires_at <= $2)
  AND (renewing_until IS NULL OR renewing_until <= $2)
RETURNING refresh_token
"""
_RENEWED = """
UPDATE message_token SET refresh_token = $3, access_token = $4, expires_at = $5, renewing_until = NULL
WHERE account = $1 AND refresh_token = $2
"""
_GIVE_BACK = "UPDATE message_token SET renewing_until = NULL WHERE account = $1 AND refresh_token = $2"
_SPOILT = "UPDATE message_token SET expires_at = NULL WHERE account = $1 AND access_token = $2"
_KEEP_ONLY = "DELETE FROM message_token WHERE account <> ALL ($1)"
# A dead row may be sent again, however old: it goes on behind what has left.
_FORGET_PARTS = """
DELETE FROM sent_part WHERE NOT EXISTS (
    SELECT FROM outbox AS o WHERE o.id = outbox_id AND (o.state <> 'settled' OR o.settled_at >= $1))
"""
_SENT = "SELECT count(*) FROM sent_part WHERE outbox_id = $1"
_NOTE = "INSERT INTO sent_part (outbox_id, part) VALUES ($1, $2) ON CONFLICT DO NOTHING"


class MessageTokens:
    """The tokens of message accounts. `given` is the refresh token that the environment holds."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def valid(self, account: str, given: str, now: datetime) -> str | None:
        """The access token, if it still holds."""
        digest = sha256(given.encode()).digest()
        found: str | None = await self.engine.fetch_value(_READ, account, digest, now)
        if found is None:
            await self.engine.execute(_GIVEN, account, digest, given)
        return found

    async def take(self, account: str, now: datetime) -> str | None:
        """The refresh token, for the caller alone; None when another has it, or it is not needed any more."""
        found: str | None = await self.engine.fetch_value(_TAKE, account, now, now + LEASE)
        return found

    async def renewed(self, account: str, used: str, new: Renewed) -> None:
        """Keep what the refresh token `used` was exchanged for."""
        await self.engine.execute(
            _RENEWED, account, used, new.refresh_token, new.access_token, new.expires_at
        )

    async def give_back(self, account: str, refresh_token: str) -> None:
        """The exchange was refused: the token is as it was."""
        await self.engine.execute(_GIVE_BACK, account, refresh_token)

    async def spoilt(self, account: str, access_token: str) -> None:
        """The provider does not take it (any more)."""
        await self.engine.execute(_SPOILT, account, access_token)

    async def keep_only(self, accounts: Collection[str]) -> None:
        """Forget the tokens of accounts that are no more."""
        await self.engine.execute(_KEEP_ONLY, list(accounts))


class SentParts:
    """Which parts of a reply have left: what is tried again goes on behind them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def count(self, row: UUID) -> int:
        """How many have left."""
        found: int = await self.engine.fetch_value(_SENT, row)
        return found

    async def note(self, row: UUID, part: int) -> None:
        """One has left."""
        await self.engine.execute(_NOTE, row, part)

    async def forget(self, before: datetime) -> None:
        """Forget the parts of replies that left as a whole before an instant."""
        await self.engine.execute(_FORGET_PARTS, before)
