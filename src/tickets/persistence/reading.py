"""Read models: lists and histories, keyset by keyset, straight from rows to what is shown."""

from collections.abc import Sequence
from datetime import datetime, time
from uuid import UUID

from msgspec import Struct
from msgspec.structs import asdict

from tickets.application.placements.explaining import Urgency
from tickets.application.placements.queues import Queued, Served
from tickets.application.placements.staffing import Came, Wanted
from tickets.application.views import AlertView, EventView, MessageView, OfferView, TicketLine
from tickets.domain.ticket import Ticket
from tickets.persistence.engine import Engine
from tickets.persistence.placement_sql import WANTED_BY
from tickets.persistence.rows import Rows
from tickets.persistence.ticket_sql import TICKET

_LINE = Rows(TicketLine)
_MESSAGE = Rows(MessageView)
_EVENT = Rows(EventView)
_ALERT = Rows(AlertView)


class TicketFilter(Struct, frozen=True, kw_only=True):
    """Which tickets; every field given has to hold. `q` are words of the subject, accents and case aside."""

    number: int | None = None
    status: str | None = None
    priority: str | None = None
    channel: str | None = None
    team: str | None = None
    assignee: str | None = None
    customer_id: UUID | None = None
    tag: str | None = None
    waiting: bool | None = None
    merged_into: UUID | None = None
    q: str | None = None


_HOLDS = {
    "number": "number = {}",
    "status": "status = {}",
    "priority": "priority = {}",
    "channel": "channel = {}",
    "team": "team = {}",
    "assignee": "assignee = {}",
    "customer_id": "customer_id = {}",
    "tag": "{} = ANY (tags)",
    "waiting": "(waiting_since IS NOT NULL) = {}",
    "merged_into": "merged_into = {}",
    "q": "search @@ plainto_tsquery('simple', fold({}))",
}

_FILES = """(
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'id', f.id, 'name', f.name, 'media_type', f.media_type, 'content_id', f.content_id,
        'bytes', coalesce(f.bytes, octet_length(f.content))) ORDER BY f.id), '[]')
    FROM attachment AS f WHERE f.message_id = message.id)"""
_MESSAGES = f"""
SELECT {_MESSAGE.columns.replace("attachments", _FILES)} FROM message
WHERE ticket_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3
"""
_EVENTS = f"""
SELECT {_EVENT.columns} FROM ticket_event
WHERE ticket_id = $1 AND (epoch, position) > ($2, $3) ORDER BY epoch, position LIMIT $4
"""
_ALERTS = f"""
SELECT {_ALERT.columns} FROM alert
WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR ticket_id = $2)
  AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
"""


_OFFER = Rows(OfferView)
_OFFERS = """
SELECT offer.id, ticket_id, number, subject, priority, channel, team, region, agent, round, offered_at,
       expires_at, due_at
FROM offer JOIN ticket ON ticket.id = ticket_id WHERE agent = $1 AND state = 'open' ORDER BY offer.id
"""


class Gauges(Struct, frozen=True):
    """How much there is right now: tickets at work by status, waiting for an agent, alerts nobody took.

    `stuck` are those of the waiting that routing has given up on, `set_aside` those whose turn fails.
    """

    backlog: dict[str, int]
    waiting: int
    alerts: int
    stuck: int
    set_aside: int


_GAUGES = """
SELECT coalesce((SELECT jsonb_object_agg(status, count) FROM (
           SELECT status, count(*) FROM ticket WHERE status NOT IN ('solved', 'closed') GROUP BY status
       ) AS s), '{}'),
       (SELECT count(*) FROM ticket WHERE waiting_since IS NOT NULL),
       (SELECT count(*) FROM alert WHERE state = 'open'),
       (SELECT count(*) FROM ticket WHERE waiting_since IS NOT NULL AND stuck IS NOT NULL),
       (SELECT count(*) FROM set_aside JOIN ticket ON id = ticket_id AND ticket.epoch = set_aside.epoch)
"""
_GAUGE = Rows(Gauges)

_URGENCY = f"""
SELECT (SELECT {WANTED_BY} FROM ticket WHERE id = $1 AND waiting_since IS NOT NULL),
       (SELECT max(detected_at) FROM ticket_event WHERE ticket_id = $1 AND type LIKE 'routing.%')
"""
_URGENT = Rows(Urgency)

MOST_QUEUES = 1000
"""Teams for which something waits, the most urgent of them; far more than a desk has."""

# OFFSET 0: what is sorted is an outcome, not the decision it is read from, a hundred times as wide.
_QUEUES = f"""
SELECT team, count(*), count(*) FILTER (WHERE outcome = 'unroutable'),
       count(*) FILTER (WHERE wanted_by < $1), count(*) FILTER (WHERE wanted_by >= $1 AND wanted_by < $2),
       min(waiting_since), min(wanted_by), array_agg(id ORDER BY place) FILTER (WHERE place <= $3)
FROM (SELECT *, row_number() OVER (PARTITION BY team ORDER BY wanted_by, id) AS place
      FROM (SELECT id, team, routing ->> 'outcome' AS outcome, waiting_since, {WANTED_BY} AS wanted_by
            FROM ticket WHERE waiting_since IS NOT NULL OFFSET 0) AS waiting) AS placed
GROUP BY team ORDER BY min(wanted_by) LIMIT {MOST_QUEUES}
"""
_QUEUED = Rows(Queued)
_THESE = f"SELECT {TICKET.columns} FROM ticket WHERE id = ANY ($1)"

MOST_RECENT = 2000
"""How many of the newest assignments tell how fast queues are served."""

# An assignment ends a wait if what came last before it began one: else the ticket was handed on by hand.
_SERVED = f"""
SELECT team, count(*), extract(epoch FROM avg(occurred_at - since)),
       CASE WHEN max(every) < {MOST_RECENT} THEN $1 ELSE min(min(occurred_at)) OVER () END
FROM (SELECT ticket_id, epoch, position, occurred_at, count(*) OVER () AS every FROM (
          SELECT ticket_id, epoch, position, occurred_at FROM ticket_event
          WHERE type = 'assigned' AND occurred_at > $1 AND occurred_at <= $2
          ORDER BY occurred_at DESC LIMIT {MOST_RECENT}) AS newest) AS assigned
JOIN ticket ON ticket.id = assigned.ticket_id
CROSS JOIN LATERAL (
    SELECT type, occurred_at AS since FROM ticket_event AS before
    WHERE before.ticket_id = assigned.ticket_id
      AND (before.epoch, before.position) < (assigned.epoch, assigned.position)
      AND (before.type IN ('opened', 'assigned', 'unassigned')
           OR before.type = 'status_changed' AND before.data ->> 'before' = 'solved')
    ORDER BY before.epoch DESC, before.position DESC LIMIT 1
) AS began
WHERE began.type <> 'assigned' GROUP BY team
"""
_SERVICE = Rows(Served)


# An agent holds a ticket from being given it until somebody else is, nobody is, or it is solved.
_CAME = """
SELECT team, rule, region,
       ((extract(isodow FROM opened_at AT TIME ZONE $3) - 1) * 24
        + extract(hour FROM opened_at AT TIME ZONE $3))::integer,
       count(*), sum(units), count(seconds), coalesce(sum(seconds), 0)::double precision
FROM ticket CROSS JOIN LATERAL (
    SELECT extract(epoch FROM sum(until - occurred_at)) AS seconds
    FROM (SELECT type, occurred_at, lead(occurred_at) OVER (ORDER BY epoch, position) AS until
          FROM ticket_event WHERE ticket_id = ticket.id
          AND (type IN ('assigned', 'unassigned')
               OR type = 'status_changed' AND data ->> 'after' IN ('solved', 'closed'))) AS turn
    WHERE type = 'assigned' AND until IS NOT NULL
) AS held
WHERE opened_at >= $1 AND opened_at < $2
  AND ($4::text IS NULL OR team = $4) AND ($5::text IS NULL OR channel = $5)
GROUP BY 1, 2, 3, 4
"""


_COMING = Rows(Came)


def _holding(wanted: TicketFilter, first: str, *before: object) -> tuple[str, list[object]]:
    """What has to hold, and the values of its parameters behind those of `first`."""
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    places = [_HOLDS[name].format(f"${place}") for place, name in enumerate(given, len(before) + 1)]
    return " AND ".join([first, *places]), [*before, *given.values()]


class Reading:
    """Answers to who asks; writes nothing."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def tickets(self, wanted: TicketFilter, before: UUID | None, limit: int) -> list[TicketLine]:
        """Tickets from the newest on, those after the ticket `before`."""
        where, values = _holding(wanted, "($1::uuid IS NULL OR id < $1)", before, limit)
        found = f"SELECT {_LINE.columns} FROM ticket WHERE {where} ORDER BY id DESC LIMIT $2"
        return _LINE.all(await self.engine.fetch(found, *values))

    async def count(self, wanted: TicketFilter) -> int:
        """How many tickets there are of a kind."""
        where, values = _holding(wanted, "true")
        return int(await self.engine.fetch_value(f"SELECT count(*) FROM ticket WHERE {where}", *values))

    async def messages(self, ticket: UUID, after: UUID | None, limit: int) -> list[MessageView]:
        """What was said, in order."""
        return _MESSAGE.all(await self.engine.fetch(_MESSAGES, ticket, after, limit))

    async def events(self, ticket: UUID, after: Sequence[int], limit: int) -> list[EventView]:
        """The history, in the order it was written, after `(epoch, position)`."""
        return _EVENT.all(await self.engine.fetch(_EVENTS, ticket, *after, limit))

    async def gauges(self) -> Gauges:
        """How much there is right now."""
        return _GAUGE.all(await self.engine.fetch(_GAUGES))[0]

    async def urgency(self, ticket: UUID) -> Urgency:
        """How urgently a ticket wants an agent, if it waits for one."""
        return _URGENT.all(await self.engine.fetch(_URGENCY, ticket))[0]

    async def queues(self, now: datetime, soon: datetime, most: int) -> list[Queued]:
        """What waits, for each team that something waits for, and its `most` most urgent tickets."""
        return _QUEUED.all(await self.engine.fetch(_QUEUES, now, soon, most))

    async def these(self, tickets: Sequence[UUID]) -> list[Ticket]:
        """Tickets by their ids, as far as there are any."""
        return TICKET.all(await self.engine.fetch(_THESE, tickets))

    async def served(self, since: datetime, now: datetime) -> list[Served]:
        """How fast each team's queue was served lately."""
        return _SERVICE.all(await self.engine.fetch(_SERVED, since, now))

    async def offers(self, agent: str) -> list[OfferView]:
        """What is offered to an agent now, the oldest first."""
        return _OFFER.all(await self.engine.fetch(_OFFERS, agent))

    async def came(self, wanted: Wanted) -> list[Came]:
        """What was opened in a period, by what routing asks, hour of the week, and how long it was held."""
        start, end = (datetime.combine(day, time(), wanted.zone) for day in (wanted.first, wanted.last))
        return _COMING.all(
            await self.engine.fetch(_CAME, start, end, wanted.zone.key, wanted.team, wanted.channel)
        )

    async def alerts(
        self, state: str | None, ticket: UUID | None, before: UUID | None, limit: int
    ) -> list[AlertView]:
        """Alerts from the newest on."""
        return _ALERT.all(await self.engine.fetch(_ALERTS, state, ticket, before, limit))
