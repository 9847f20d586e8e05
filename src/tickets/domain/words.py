"""The closed vocabularies: every value a ticket's facts may take, spelled once; and how others spell."""

import unicodedata
from datetime import datetime
from typing import Annotated, Literal, TypeAlias, get_args

from msgspec import Meta

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""An instant others read or write: RFC 3339 with an offset, and `date-time` in schemas."""

Channel = Literal["form", "inbox", "hotline", "api"]
"""Where a request came in. The provider behind it is the ticket's `source`."""

Priority = Literal["low", "normal", "high", "urgent"]
Status = Literal["new", "open", "pending", "on_hold", "solved", "closed"]
"""`pending` waits on the customer, `on_hold` on a third party."""

MessageKind = Literal["customer_message", "public_reply", "internal_note"]
OfferState = Literal["open", "accepted", "declined", "expired", "withdrawn"]
"""What becomes of an offer. `withdrawn`: the agent went away, or the ticket went elsewhere."""

IdentityKind = Literal["email", "phone", "zalo", "messenger", "telegram", "whatsapp", "external"]

PRIORITIES: tuple[Priority, ...] = get_args(Priority)
STATUSES: tuple[Status, ...] = get_args(Status)
Presence = Literal["online", "away", "offline", "on_leave"]
PRESENCES: tuple[Presence, ...] = get_args(Presence)
"""What an agent may be; only who is online is given tickets."""

WORKING: frozenset[Status] = frozenset({"new", "open", "pending", "on_hold"})
"""Statuses in which a ticket is somebody's work and holds its assignee's capacity."""


def composed(text: str) -> str:
    """A text as it is compared (Unicode NFC): some systems write an accent after its letter."""
    return unicodedata.normalize("NFC", text)
