"""What we remember of e-mail addresses: who wants no receipts, whose mail came back."""

from datetime import datetime

from tickets.application.answers.receipt import Standing
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_STANDING = Rows(Standing)

STANDING = """
SELECT coalesce(stopped_at IS NOT NULL, false),
       coalesce(bounced_at > $2::timestamptz - interval '30 days', false),
       (SELECT count(*) FROM outbox WHERE destination = $1 AND cause ? 'receipt' AND created_at > $2)
FROM (VALUES ($1::text)) AS asked(address) LEFT JOIN mail_address USING (address)
"""
STOP = """
INSERT INTO mail_address (address, stopped_at) VALUES ($1, $2)
ON CONFLICT (address) DO UPDATE SET stopped_at = coalesce(mail_address.stopped_at, $2)
"""


class PostgresAddresses:
    """The `Addresses` of receipts."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def standing(self, address: str, since: datetime) -> Standing:
        """What is known of an address; receipts are counted from `since` on."""
        return _STANDING.all(await self.engine.fetch(STANDING, address, since))[0]

    async def stop(self, address: str, now: datetime) -> None:
        """Send no more receipts there."""
        await self.engine.execute(STOP, address, now)
