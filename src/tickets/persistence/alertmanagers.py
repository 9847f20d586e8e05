"""Alerts as Alertmanagers are told of them, and the one outbox row of each that tells it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import inf
from uuid import UUID, uuid5

import msgspec

from tickets.application.outbox.alertmanager import WAY, Last, Pass, Standing
from tickets.domain.ticket import Alert, Ticket
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_ROWS = UUID("00000000-0000-7000-8000-616c65727473")
"""What the ids of these rows are made under: one row for each Alertmanager, armed again and again."""

_ALERT, _TICKET, _LAST = Rows(Alert), Rows(Ticket), Rows(Last)

# Of alerts that differ in `repeat` only, the first speaks for those that are open with it, or ended with it.
# The index `alert_once` finds it: it has all but those withdrawn.
_SPEAKS = """NOT EXISTS (
    SELECT FROM alert AS o
    WHERE o.ticket_id = a.ticket_id AND o.metric = a.metric AND o.cycle = a.cycle AND o.level = a.level
      AND o.repeat < a.repeat AND o.run IS NOT DISTINCT FROM a.run
      AND o.state <> 'withdrawn' AND (o.state = 'open') = (a.state = 'open')
      AND o.ended_at IS NOT DISTINCT FROM a.ended_at)
"""

# Two short walks, each through its index, then merged: what is open ($1: everything), and what has moved.
_STANDING = f"""
SELECT a.ended_at, {_ALERT.of("a")}, {_TICKET.of("t")}
FROM alert AS a JOIN ticket AS t ON t.id = a.ticket_id
WHERE a.id IN (
    (SELECT id FROM alert AS a
     WHERE $1 AND state = 'open' AND ($3::uuid IS NULL OR id > $3) AND {_SPEAKS}
     ORDER BY id LIMIT $4)
    UNION
    (SELECT id FROM alert AS a
     WHERE coalesce(ended_at, detected_at) > $2 AND ($3::uuid IS NULL OR id > $3) AND {_SPEAKS}
     ORDER BY id LIMIT $4)
)
ORDER BY a.id LIMIT $4
"""

# Changes whenever an alert has been raised or has ended since, in whatever order those were committed.
_MOVED = """
SELECT concat_ws(':', count(*), count(ended_at), sum(extract(epoch FROM coalesce(ended_at, detected_at))))
FROM alert WHERE coalesce(ended_at, detected_at) > $1
"""

_LIVE = "(e.leases -> o.id::text ->> 0)::numeric > extract(epoch FROM $2::timestamptz)"
_FIND = f"""
SELECT o.state, o.body, o.fence, coalesce({_LIVE}, false)
FROM outbox AS o LEFT JOIN endpoint AS e ON e.name = o.endpoint WHERE o.id = $1
"""

# Only from the state it was found in: whoever has armed or claimed it since has moved the fence.
_ARM = """
INSERT INTO outbox (id, way, destination, body, cause, state, fence, wake_at, created_at)
VALUES ($1, $2, $3, $4, '{}', 'pending', 1, $5, $5)
ON CONFLICT (id) DO UPDATE
SET state = 'pending', body = $4, attempts = 0, fence = outbox.fence + 1, wake_at = $5, leased_until = NULL,
    last_error = NULL, settled_at = NULL, held_since = NULL, replayed_at = NULL, created_at = $5
WHERE outbox.fence = $6
RETURNING id
"""

_encode = msgspec.json.Encoder().encode


def row_of(key: str) -> UUID:
    """The outbox row of an Alertmanager."""
    return uuid5(_ROWS, key)


class PostgresAlertmanagers:
    """What is asked for when Alertmanagers are told."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def last(self, key: str, now: datetime) -> Last | None:
        """The last pass of an Alertmanager."""
        return _LAST.optional(await self.engine.fetch_row(_FIND, row_of(key), now))

    async def ages(self, keys: Iterable[str], now: datetime) -> dict[str, float]:
        """How many seconds ago each was last told everything; infinite for never."""
        found = {key: await self.last(key, now) for key in keys}
        whole = {key: last and last.whole_at for key, last in found.items()}
        return {key: (now - at).total_seconds() if at else inf for key, at in whole.items()}

    async def moved(self, since: datetime) -> str:
        """A sum over what has moved since: another one when something more has."""
        found: str = await self.engine.fetch_value(_MOVED, since)
        return found

    async def arm(self, key: str, wanted: Pass, last: Last | None) -> bool:
        """Let a pass leave; False when somebody else has been there since `last` was read."""
        fence = last.fence if last else 0
        row = (row_of(key), WAY, key, _encode(wanted), wanted.at, fence)
        return await self.engine.fetch_value(_ARM, *row) is not None

    async def standing(
        self, since: datetime | None, ended: datetime, after: UUID | None, most: int
    ) -> Sequence[Standing]:
        """Alerts by id behind `after`: moved since an instant, or all open and those that ended since."""
        rows = await self.engine.fetch(_STANDING, since is None, since or ended, after, most)
        split = 1 + len(_ALERT.fields)
        return [
            Standing(alert=_ALERT.one(row[1:split]), ended_at=row[0], ticket=_TICKET.one(row[split:]))
            for row in map(tuple, rows)
        ]
