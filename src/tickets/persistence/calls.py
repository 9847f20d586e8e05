"""Calls in PostgreSQL: what was told of them, and a line each that can be searched."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tickets.application.arrivals.take_call import Heard, Pop
from tickets.domain.telephony import CallFact, TelephoneCall, rebuild, silent_at
from tickets.intake import CallReport, Line, customer_number
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

_encode = msgspec.json.Encoder(order="sorted").encode
_fact = msgspec.json.Decoder(CallFact).decode

# The row is the lock: who hears of a call rebuilds it from everything told so far.
_LOCK = """
INSERT INTO call (account, call_id, direction, outcome) VALUES ($1, $2, 'in', 'open')
ON CONFLICT (account, call_id) DO UPDATE SET account = excluded.account
RETURNING ticket_id, (xmax = 0), outcome, EXISTS (
    SELECT FROM ticket AS t JOIN customer AS c ON c.id = t.customer_id
    WHERE t.id = call.ticket_id AND c.erased_at IS NOT NULL)
"""
_TELL = """
INSERT INTO call_fact (account, call_id, digest, fact)
SELECT $1, $2, decode(f.digest, 'hex'), f.fact
FROM jsonb_to_recordset($3::jsonb) AS f(digest text, fact jsonb) ON CONFLICT DO NOTHING
"""
_TOLD = "SELECT fact FROM call_fact WHERE account = $1 AND call_id = $2"
_KEEP = """
UPDATE call SET number = $3, direction = $4, outcome = $5, answered_at = $6, ended_at = $7, silent_at = $8
WHERE account = $1 AND call_id = $2
"""
_HEARD = """
SELECT external_id FROM intake WHERE channel = 'hotline' AND account = $1 AND external_id = ANY ($2)
"""
_BELONGS = "UPDATE call SET ticket_id = $3 WHERE account = $1 AND call_id = $2 AND ticket_id IS NULL"

# Since the last call in vain nobody of us has spoken with them about this ticket.
_AWAITING = """
SELECT c.ticket_id FROM call AS c JOIN ticket AS t ON t.id = c.ticket_id
WHERE c.number = $1 AND ($2::text IS NULL OR c.account = $2)
  AND c.outcome IN ('missed', 'abandoned') AND c.direction = 'in' AND t.status NOT IN ('solved', 'closed')
  AND NOT EXISTS (SELECT 1 FROM ticket_event AS e WHERE e.ticket_id = c.ticket_id AND e.type = 'call_answered'
                  AND (e.data ->> 'at')::timestamptz >= c.ended_at)
GROUP BY c.ticket_id ORDER BY min(c.ended_at), c.ticket_id
"""
_LAST = """
SELECT t.id FROM call AS c JOIN ticket AS t ON t.id = c.ticket_id
WHERE c.number = $1 AND c.account = $2 AND c.outcome IN ('missed', 'abandoned') ORDER BY t.number DESC LIMIT 1
"""
_SILENT = """
SELECT account, call_id, silent_at FROM call WHERE silent_at <= $1 ORDER BY silent_at LIMIT $2
"""
_OF_TICKET = """
SELECT c.account, c.call_id, f.fact FROM call AS c JOIN call_fact AS f USING (account, call_id)
WHERE c.ticket_id = $1
"""
_POP = """
INSERT INTO agent_event (agent, name, type, data, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT DO NOTHING
"""


class AgentEvent(Struct, frozen=True):
    """A line of an agent's stream."""

    id: int
    type: str
    data: msgspec.Raw


_EVENT = Rows(AgentEvent)
_STREAM = f"""
SELECT {_EVENT.columns} FROM agent_event
WHERE agent = $1 AND id > $2 AND tx < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY id LIMIT $3
"""
_LATEST = """
SELECT coalesce(max(id), 0) FROM agent_event
WHERE agent = $1 AND tx < pg_snapshot_xmin(pg_current_snapshot())
"""
_FORGET = "DELETE FROM agent_event WHERE created_at < $1"


class PostgresCalls:
    """The `Calls` of the call taker, and what is shown of them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def hear(self, line: Line, report: CallReport) -> Heard:
        """Keep facts, and the call as it stands with them; committed."""
        place = (line.key, report.call_id)
        async with self.engine.transaction():
            row = await self.engine.fetch_row(_LOCK, *place)
            if row is None:
                raise RuntimeError("an upsert gives a row")
            ticket, new, was, erased = row
            told = [_told(fact, nameless=erased) for fact in report.facts]
            await self.engine.execute(_TELL, *place, told)
            facts = [_fact(each[0]) for each in await self.engine.fetch(_TOLD, *place)]
            call = rebuild(report.call_id, facts)
            await self.engine.execute(
                _KEEP,
                *place,
                customer_number(call, line),
                call.direction,
                call.outcome,
                call.answered_at,
                call.ended_at,
                silent_at(call, facts),
            )
        names = [f"{report.call_id}:{event}" for event in ("started", "answered", "missed", "ended")]
        heard = await self.engine.fetch(_HEARD, line.key, names)
        return Heard(call, ticket, frozenset(each[0] for each in heard), None if new else was, erased)

    async def belongs_to(self, account: str, call_id: str, ticket: UUID) -> None:
        """A call is about this ticket."""
        await self.engine.execute(_BELONGS, account, call_id, ticket)

    async def awaiting(self, number: str, account: str | None) -> list[UUID]:
        """Open tickets whose caller at this number was missed and not reached since, oldest first."""
        return [row[0] for row in await self.engine.fetch(_AWAITING, number, account)]

    async def last(self, number: str, account: str) -> UUID | None:
        """The newest ticket of a call in vain from this number."""
        found: UUID | None = await self.engine.fetch_value(_LAST, number, account)
        return found

    async def silent(self, now: datetime, limit: int) -> list[tuple[str, str, datetime]]:
        """Calls of which nothing has been heard for too long: account, call id, and since when."""
        return [(row[0], row[1], row[2]) for row in await self.engine.fetch(_SILENT, now, limit)]

    async def pop(self, pop: Pop) -> None:
        """Put a card on an agent's stream, once."""
        await self.engine.execute(_POP, pop.agent, pop.name, pop.type, pop.data, pop.created_at)

    async def of_ticket(self, ticket: UUID) -> list[tuple[str, TelephoneCall]]:
        """A ticket's calls with the line of each, the earliest first."""
        found: dict[tuple[str, str], list[CallFact]] = {}
        for account, call_id, fact in await self.engine.fetch(_OF_TICKET, ticket):
            found.setdefault((account, call_id), []).append(_fact(fact))
        calls = [(account, rebuild(call_id, facts)) for (account, call_id), facts in found.items()]
        return sorted(calls, key=lambda each: (each[1].started_at, each[1].call_id))

    async def stream(self, agent: str, after: int, limit: int) -> list[AgentEvent]:
        """An agent's lines after one, in order."""
        return _EVENT.all(await self.engine.fetch(_STREAM, agent, after, limit))

    async def latest(self, agent: str) -> int:
        """The newest line of an agent's stream, 0 when there is none."""
        newest: int = await self.engine.fetch_value(_LATEST, agent)
        return newest

    async def forget(self, before: datetime) -> None:
        """Drop lines of streams older than an instant."""
        await self.engine.execute(_FORGET, before)


def _told(fact: CallFact, *, nameless: bool) -> dict[str, object]:
    """A fact as it is written; known by all it said, also where who called was erased and is not written."""
    body = whole = _encode(fact)
    if nameless:
        body = _encode(replace(fact, caller="", callee="", recording_url=None))
    return {"digest": sha256(whole).hexdigest(), "fact": msgspec.Raw(body)}
