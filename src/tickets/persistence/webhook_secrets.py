"""Secrets that the database keeps for webhooks: the present one, and those before it that are still good."""

from collections.abc import Mapping
from datetime import datetime

from tickets.persistence.engine import Engine

_LIVE = """
SELECT webhook, secret FROM webhook_secret WHERE retires_at IS NULL OR retires_at > $1
ORDER BY webhook, number DESC
"""
_FIRST = "INSERT INTO webhook_secret (webhook, number, secret) VALUES ($1, 1, $2) ON CONFLICT DO NOTHING"
_RETIRE = """
UPDATE webhook_secret SET retires_at = $2 WHERE webhook = $1 AND (retires_at IS NULL OR retires_at > $2)
"""
_NEXT = """
INSERT INTO webhook_secret (webhook, number, secret)
SELECT $1, 1 + coalesce(max(number), 0), $2 FROM webhook_secret WHERE webhook = $1
"""


class WebhookSecrets:
    """Secrets by the webhook's key, newest first."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def live(self, now: datetime) -> Mapping[str, tuple[bytes, ...]]:
        """Those to sign with now, of every webhook that has any."""
        found: dict[str, tuple[bytes, ...]] = {}
        for webhook, secret in await self.engine.fetch(_LIVE, now):
            found[webhook] = (*found.get(webhook, ()), secret)
        return found

    async def first(self, webhook: str, secret: bytes, now: datetime) -> tuple[bytes, ...]:
        """The secrets of a webhook that had none: this one, unless somebody else was faster."""
        await self.engine.execute(_FIRST, webhook, secret)
        return (await self.live(now)).get(webhook, ())

    async def renew(self, webhook: str, secret: bytes, old_until: datetime) -> None:
        """Sign with another secret from now on, and until an instant with those before it as well."""
        await self.engine.execute(_RETIRE, webhook, old_until)
        await self.engine.execute(_NEXT, webhook, secret)
