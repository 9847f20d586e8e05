"""What stands in the body of a webhook, in the two formats there are."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from tickets.domain.escalation import Format

CLOUD_EVENT = b'{"specversion":'
"""What the bytes of a CloudEvent begin with, so that its media type can be told from them alone."""


class _Standard(Struct, frozen=True):
    type: str
    timestamp: datetime
    data: object


class _CloudEvent(Struct, frozen=True, kw_only=True):
    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    data: object


class Told(Struct, frozen=True, kw_only=True):
    """One thing a webhook is told: what happened when, at which installation (`source`), to what."""

    id: UUID
    type: str
    at: datetime
    source: str
    subject: str
    data: object


def webhook_body(told: Told, written: Format) -> bytes:
    """The bytes; same in, same bytes out."""
    if written == "standard":
        return msgspec.json.encode(_Standard(told.type, told.at, told.data))
    return msgspec.json.encode(
        _CloudEvent(
            id=told.id,
            source=told.source,
            type=told.type,
            subject=told.subject,
            time=told.at,
            data=told.data,
        )
    )
