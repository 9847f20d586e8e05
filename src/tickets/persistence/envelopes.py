"""Envelopes in PostgreSQL."""

import hashlib
from datetime import datetime
from uuid import UUID

from tickets.application.receive import Envelope
from tickets.application.views import EnvelopeView
from tickets.domain.words import Channel
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_REASON_LIMIT = 10_000
_VIEW = Rows(EnvelopeView)
_WHOLE = "id, channel, account, media_type, body, idempotency_key, received_at"

_KEEP = f"""
INSERT INTO envelope ({_WHOLE}, digest, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'received')
"""
_ACCEPT = """
UPDATE envelope SET state = 'accepted', reason = NULL, ticket_id = $2 WHERE id = $1 AND state <> 'accepted'
"""
_QUARANTINE = "UPDATE envelope SET state = 'quarantined', reason = $2 WHERE id = $1 AND state <> 'accepted'"
_READ = f"SELECT {_WHOLE} FROM envelope WHERE id = $1"
_ACCEPTED_AS = f"""
SELECT {_WHOLE} FROM envelope
WHERE channel = $1 AND account = $2 AND idempotency_key = $3 AND state = 'accepted' AND id <> $4
ORDER BY received_at LIMIT 1
"""
_LEFT = f"""
SELECT {_WHOLE} FROM envelope WHERE state = 'received' AND received_at < $1 ORDER BY received_at LIMIT $2
"""
_IS_KNOWN = "SELECT EXISTS (SELECT FROM envelope WHERE digest = $3 AND channel = $1 AND account = $2)"
_PAGE = f"""
SELECT {_VIEW.columns} FROM envelope
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""


class PostgresEnvelopes:
    """The `Envelopes` of the porter, and what is shown of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def keep(self, envelope: Envelope) -> None:
        """Store and commit."""
        await self.engine.execute(
            _KEEP,
            envelope.id,
            envelope.channel,
            envelope.account,
            envelope.media_type,
            envelope.body,
            envelope.given_id,
            envelope.received_at,
            hashlib.sha256(envelope.body).digest(),
        )

    async def accept(self, envelope: UUID, ticket: UUID | None) -> None:
        """It said nothing new: what it asks for was done before, on this ticket."""
        await self.engine.execute(_ACCEPT, envelope, ticket)

    async def quarantine(self, envelope: UUID, reason: str) -> None:
        """It cannot be understood, and why."""
        await self.engine.execute(
            _QUARANTINE, envelope, reason.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_REASON_LIMIT]
        )

    async def accepted_as(self, envelope: Envelope) -> Envelope | None:
        """Another one, accepted before at the same place under the same `given_id`."""
        row = await self.engine.fetch_row(
            _ACCEPTED_AS, envelope.channel, envelope.account, envelope.given_id, envelope.id
        )
        return None if row is None else _envelope(*row)

    async def is_known(self, channel: Channel, account: str, body: bytes) -> bool:
        """Whether the very same bytes were kept there before."""
        digest = hashlib.sha256(body).digest()
        found: bool = await self.engine.fetch_value(_IS_KNOWN, channel, account, digest)
        return found

    async def read(self, envelope: UUID) -> Envelope | None:
        """An envelope, whole."""
        row = await self.engine.fetch_row(_READ, envelope)
        return None if row is None else _envelope(*row)

    async def left_behind(self, before: datetime, limit: int) -> list[Envelope]:
        """Envelopes received before an instant that nobody has understood yet."""
        return [_envelope(*row) for row in await self.engine.fetch(_LEFT, before, limit)]

    async def page(self, state: str | None, before: UUID | None, limit: int) -> list[EnvelopeView]:
        """Envelopes from the newest on."""
        return _VIEW.all(await self.engine.fetch(_PAGE, state, before, limit))


def _envelope(*values: object) -> Envelope:
    names = ("id", "channel", "account", "media_type", "body", "given_id", "received_at")
    return Envelope(**dict(zip(names, values, strict=True)))  # type: ignore[arg-type]
