"""Envelopes in PostgreSQL."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tickets.application.arrivals.receive import Envelope
from tickets.application.views import EnvelopeView
from tickets.domain.words import Channel
from tickets.persistence.engine import Engine
from tickets.persistence.gathering import Gathering
from tickets.persistence.objects import Objects
from tickets.persistence.rows import Rows

_REASON_LIMIT = 10_000
_DROPPED_AT_ONCE = 500
_HEAD = 65_536
_LANES = 4
_AT_ONCE = 16
_VIEW = Rows(EnvelopeView)
_SHOWN = _VIEW.columns.replace("bytes", "coalesce(bytes, octet_length(body))")
_WHOLE = "id, channel, account, media_type, body, idempotency_key, received_at, object"

_KEEP = f"""
INSERT INTO envelope ({_WHOLE}, head, digest, bytes, state)
SELECT *, 'received' FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[],
                                 $7::timestamptz[], $8::text[], $9::bytea[], $10::bytea[], $11::int[])
"""
# What comes for a customer who was erased, such as the late end of a call, is not kept after all.
_ACCEPT = """
WITH gone AS (SELECT t.id FROM ticket AS t JOIN customer AS c ON c.id = t.customer_id
              WHERE t.id = $2 AND c.erased_at IS NOT NULL)
UPDATE envelope SET state = 'accepted', reason = NULL, ticket_id = $2,
    body = CASE WHEN NOT EXISTS (SELECT FROM gone) THEN body END,
    object = CASE WHEN NOT EXISTS (SELECT FROM gone) THEN object END,
    head = CASE WHEN NOT EXISTS (SELECT FROM gone) THEN head END,
    dropped_at = CASE WHEN EXISTS (SELECT FROM gone) THEN received_at END,
    bytes = coalesce(bytes, octet_length(body))
WHERE id = $1 AND state <> 'accepted'
"""
_QUARANTINE = "UPDATE envelope SET state = 'quarantined', reason = $2 WHERE id = $1 AND state <> 'accepted'"
_READ = f"SELECT {_WHOLE} FROM envelope WHERE id = $1 AND dropped_at IS NULL"
_SHOW = f"SELECT {_SHOWN} FROM envelope WHERE id = $1"
_ACCEPTED_AS = f"""
SELECT {_WHOLE} FROM envelope
WHERE channel = $1 AND account = $2 AND idempotency_key = $3 AND state = 'accepted' AND id <> $4
  AND digest <> $5 AND dropped_at IS NULL
ORDER BY received_at LIMIT 1
"""
# While the object store is away, those that stand here are not to wait behind those that do not.
_LEFT = """
SELECT id FROM envelope WHERE state = 'received' AND received_at < $1
ORDER BY object IS NOT NULL, received_at LIMIT $2
"""
_DROP = """
UPDATE envelope SET body = NULL, object = NULL, head = NULL, dropped_at = $2,
    bytes = coalesce(bytes, octet_length(body))
WHERE id IN (SELECT id FROM envelope WHERE state = 'accepted' AND dropped_at IS NULL AND received_at < $1
             ORDER BY received_at LIMIT $3 FOR UPDATE SKIP LOCKED)
"""
_IS_KNOWN = "SELECT EXISTS (SELECT FROM envelope WHERE digest = $3 AND channel = $1 AND account = $2)"
_PAGE = f"""
SELECT {_SHOWN} FROM envelope
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2) ORDER BY id DESC LIMIT $3
"""


class PostgresEnvelopes:
    """The `Envelopes` of the porter, and what is shown of them."""

    def __init__(self, engine: Engine, objects: Objects) -> None:
        self.engine = engine
        self.objects = objects
        self._keeping = Gathering(self._keep, lanes=_LANES, most=_AT_ONCE)

    async def keep(self, envelope: Envelope) -> None:
        """Store and commit, together with those that come at the same time; a large body before its row."""
        key = await self.objects.put("envelope", envelope.id, envelope.body, envelope.received_at)
        if key is None:
            await self._keeping.ask(envelope)
        else:
            await self._keep([envelope], key)

    async def _keep(self, envelopes: Sequence[Envelope], key: str | None = None) -> Sequence[None]:
        rows = [
            (
                envelope.id,
                envelope.channel,
                envelope.account,
                envelope.media_type,
                envelope.body if key is None else None,
                envelope.given_id,
                envelope.received_at,
                key,
                None if key is None else envelope.body[:_HEAD],
                hashlib.sha256(envelope.body).digest(),
                len(envelope.body),
            )
            for envelope in envelopes
        ]
        await self.engine.execute(_KEEP, *map(list, zip(*rows, strict=True)))
        return [None] * len(rows)

    async def accept(self, envelope: UUID, ticket: UUID | None) -> None:
        """It said nothing new: what it asks for was done before, on this ticket."""
        await self.engine.execute(_ACCEPT, envelope, ticket)

    async def quarantine(self, envelope: UUID, reason: str) -> None:
        """It cannot be understood, and why."""
        await self.engine.execute(
            _QUARANTINE, envelope, reason.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_REASON_LIMIT]
        )

    async def accepted_as(self, envelope: Envelope) -> Envelope | None:
        """One with other bytes, accepted before at the same place under the same `given_id`."""
        digest = hashlib.sha256(envelope.body).digest()
        place = (envelope.channel, envelope.account, envelope.given_id, envelope.id)
        row = await self.engine.fetch_row(_ACCEPTED_AS, *place, digest)
        return None if row is None else await self._envelope(*row)

    async def is_known(self, channel: Channel, account: str, body: bytes) -> bool:
        """Whether the very same bytes were kept there before."""
        digest = hashlib.sha256(body).digest()
        found: bool = await self.engine.fetch_value(_IS_KNOWN, channel, account, digest)
        return found

    async def read(self, envelope: UUID) -> Envelope | None:
        """An envelope, whole; None when there is none, or its body was dropped.

        Raises `ObjectsAway`, and `ObjectGone` when its body was taken out of the store.
        """
        row = await self.engine.fetch_row(_READ, envelope)
        return None if row is None else await self._envelope(*row)

    async def show(self, envelope: UUID) -> EnvelopeView | None:
        """What is shown of an envelope, if there is one."""
        return _VIEW.optional(await self.engine.fetch_row(_SHOW, envelope))

    async def left_behind(self, before: datetime, limit: int) -> list[UUID]:
        """Envelopes received before an instant that nobody has understood yet."""
        return [row[0] for row in await self.engine.fetch(_LEFT, before, limit)]

    async def drop(self, kept: timedelta, now: datetime) -> int:
        """Drop the bodies of accepted envelopes older than `kept`, a batch of them; how many.

        What they are known by, if they come again, stays.
        """
        tag = await self.engine.execute(_DROP, now - kept, now, _DROPPED_AT_ONCE)
        return int(tag.rpartition(" ")[2])

    async def page(self, state: str | None, before: UUID | None, limit: int) -> list[EnvelopeView]:
        """Envelopes from the newest on."""
        return _VIEW.all(await self.engine.fetch(_PAGE, state, before, limit))

    async def _envelope(self, *values: Any) -> Envelope:  # noqa: ANN401 - the columns of `_WHOLE`
        *_, key = values
        names = ("id", "channel", "account", "media_type", "body", "given_id", "received_at")
        envelope = dict(zip(names, values, strict=False))
        if key is not None:
            envelope["body"] = await self.objects.get(key)
        return Envelope(**envelope)
