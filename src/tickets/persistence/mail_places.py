"""Where fetching of mailboxes stands in PostgreSQL, and which process does it."""

from datetime import datetime
from uuid import UUID

from tickets.application.arrivals.mail_places import Place
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_PLACE = Rows(Place)

CLAIM = f"""
INSERT INTO mail_fetch AS known (mailbox, source, uidvalidity, last_uid, holder, leased_until)
VALUES ($1, $2, 0, 0, $3, $5)
ON CONFLICT (mailbox) DO UPDATE SET
    source = $2, holder = $3, leased_until = $5,
    uidvalidity = CASE WHEN known.source = $2 THEN known.uidvalidity ELSE 0 END,
    last_uid = CASE WHEN known.source = $2 THEN known.last_uid ELSE 0 END
WHERE known.holder = $3 OR known.leased_until <= $4
RETURNING {_PLACE.columns}
"""
MOVE = """
UPDATE mail_fetch SET uidvalidity = $3, last_uid = $4, leased_until = $5 WHERE mailbox = $1 AND holder = $2
"""
RELEASE = "UPDATE mail_fetch SET leased_until = $2 WHERE holder = $1 AND leased_until > $2"


class MailPlaces:
    """The table, as one holder sees it."""

    def __init__(self, engine: Engine, holder: UUID) -> None:
        self.engine = engine
        self.holder = holder

    async def claim(self, mailbox: str, source: str, now: datetime, until: datetime) -> Place | None:
        """Take the lease; None while another holds it. Another `source` than before starts anew."""
        return _PLACE.optional(await self.engine.fetch_row(CLAIM, mailbox, source, self.holder, now, until))

    async def move(self, mailbox: str, place: Place, until: datetime) -> bool:
        """Note a place and go on holding; False when another holds it."""
        moved = await self.engine.execute(
            MOVE, mailbox, self.holder, place.uidvalidity, place.last_uid, until
        )
        return moved == "UPDATE 1"

    async def release(self, now: datetime) -> None:
        """Let others fetch at once."""
        await self.engine.execute(RELEASE, self.holder, now)
