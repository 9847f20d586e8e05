"""Files of messages: large ones go to the object store before their row, all are read back the same way."""

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.domain.draft import Attachment
from tickets.persistence.engine import Engine
from tickets.persistence.objects import Objects

WRITE = """
INSERT INTO attachment (id, message_id, name, media_type, content_id, content, object, bytes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""
_READ = """
SELECT f.name, f.media_type, f.content, f.object FROM attachment AS f JOIN message AS m ON m.id = f.message_id
WHERE f.id = $2 AND m.ticket_id = $1
"""


class StoredFile(Struct, frozen=True):
    """A file as it came."""

    name: str
    media_type: str
    content: bytes


class Attachments:
    """Files by ticket and id."""

    def __init__(self, engine: Engine, objects: Objects, new_id: Callable[[], UUID]) -> None:
        self.engine = engine
        self.objects = objects
        self.new_id = new_id

    async def put_away(self, files: Iterable[Attachment], now: datetime) -> tuple[Attachment, ...]:
        """Files of a message about to be written, whose content is in the store now where it is large."""
        return tuple(
            [
                replace(file, object=await self.objects.put("attachment", self.new_id(), file.content, now))
                for file in files
            ]
        )

    async def read(self, ticket: UUID, attachment: UUID) -> StoredFile | None:
        """A file of a ticket. Raises `ObjectsAway`, `ObjectGone`."""
        row = await self.engine.fetch_row(_READ, ticket, attachment)
        if row is None:
            return None
        name, media_type, content, key = row
        return StoredFile(name, media_type, content if key is None else await self.objects.get(key))
