"""Where fetching a mailbox stands, as its fetcher sees it."""

from datetime import datetime
from typing import Protocol

from msgspec import Struct


class Place(Struct, frozen=True):
    """Where fetching stands in a folder."""

    uidvalidity: int = 0
    last_uid: int = 0


class Places(Protocol):
    """Where fetching stands is kept; one process at a time holds a mailbox."""

    async def claim(self, mailbox: str, source: str, now: datetime, until: datetime) -> Place | None:
        """Take the lease; None while another holds it. Another `source` than before starts anew."""

    async def move(self, mailbox: str, place: Place, until: datetime) -> bool:
        """Note a place and go on holding; False when another holds it."""
