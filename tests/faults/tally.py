"""What was lost and what was doubled, whatever was done to the servers: counted, not believed.

A ticket of a scene has one clock, which is broken when it falls due; the paged ones also have the levels
`broken` and `still` of their escalation policy, each a page to one webhook.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct

LEVELS = frozenset({"broken", "still"})

SEND_LIMIT = timedelta(seconds=30)
"""How long an attempt that began before somebody acknowledged may still take."""

# A server that remembers when it committed what is asked for that; else we are believed.
_BREACHES = """
SELECT ticket.id, count(e.*), coalesce(bool_or(least(e.detected_at, e.seen_at) < e.occurred_at), false),
       max(coalesce(e.seen_at, e.detected_at) - e.occurred_at)
FROM ticket LEFT JOIN (
    SELECT *, CASE current_setting('track_commit_timestamp') WHEN 'on' THEN pg_xact_commit_timestamp(xmin) END
              AS seen_at
    FROM ticket_event WHERE type = 'sla.breached'
) AS e ON e.ticket_id = ticket.id
WHERE ticket.id <> ALL ($1) GROUP BY ticket.id
"""
_ALERTS = """
SELECT ticket_id, id, level, covers, repeat, occurred_at, detected_at FROM alert
WHERE ticket_id <> ALL ($1) ORDER BY id
"""
_PAGED = "SELECT id FROM ticket WHERE subject = 'paged' AND id <> ALL ($1)"
# Given up because so many died over it, not by the receiver: then it is lost unless the receiver has it.
_ROWS = """
SELECT id, cause ->> 'alert', body,
       CASE WHEN state = 'dead' AND last_error LIKE '%ended without an outcome' THEN 'settled' ELSE state END,
       attempts
FROM outbox WHERE way = 'webhook'
"""
_AFTER = """
SELECT count(*) FROM ticket_event AS had
JOIN ticket_event AS came ON came.ticket_id = had.ticket_id AND came.type = 'alert_raised'
    AND came.epoch > had.epoch AND (came.data ->> 'repeat')::int > 0
WHERE had.type = 'alert_acknowledged'
"""
_ACKNOWLEDGED = "SELECT id::text, acknowledged_at FROM alert WHERE acknowledged_at IS NOT NULL"


class Page(Struct, frozen=True):
    """What a receiver saw of one attempt."""

    row: UUID
    body: bytes
    at: datetime


class Tally(Struct, kw_only=True):
    """What came of a story. From `lost` to `after` all has to be 0.

    `recovery` is how long after the fault it took until they went on, where that is measured.
    `early` fired before its instant, `changed` are attempts of a row with other bytes, `open` rows neither
    settled nor dead, `after` pages begun when somebody had acknowledged already.
    """

    clocks: int = 0
    pages: int = 0
    attempts: int = 0
    lost: int = 0
    doubled: int = 0
    early: int = 0
    changed: int = 0
    open: int = 0
    after: int = 0
    latest: timedelta = timedelta()
    recovery: timedelta | None = None
    said: str = ""

    @property
    def faults(self) -> dict[str, int]:
        """What should not have been, as far as it was."""
        names = ("lost", "doubled", "early", "changed", "open", "after")
        return {name: number for name in names if (number := getattr(self, name))}


async def taken(
    database: asyncpg.Connection, models: list[UUID], pages: list[Page], *, repeating: bool = False
) -> Tally:
    """Count. `pages` are all attempts the receiver saw; `repeating` as the desk has it."""
    tally = Tally()
    for _, breaches, early, late in await database.fetch(_BREACHES, models):
        tally.clocks += 1
        tally.lost += breaches == 0
        tally.doubled += max(0, breaches - 1)
        tally.early += early
        tally.latest = max(tally.latest, late or timedelta())
    alerts = await _levels(database, models, tally, repeating=repeating)
    await _rows(database, alerts, tally, pages)
    tally.after += await database.fetchval(_AFTER)
    return tally


async def _levels(
    database: asyncpg.Connection, models: list[UUID], tally: Tally, *, repeating: bool
) -> Mapping[str, datetime]:
    """Every level once; the instants the alerts were about, by their ids.

    Where pages repeat, a higher level may also cover the repetition of one that was heard before.
    """
    heard: dict[UUID, Counter[tuple[str, int]]] = defaultdict(Counter)
    about: dict[str, datetime] = {}
    for ticket, alert, level, covers, repeat, occurred_at, detected_at in await database.fetch(
        _ALERTS, models
    ):
        new = [each for each in covers if not (repeating and (each, 0) in heard[ticket])]
        heard[ticket].update([(level, repeat), *((each, 0) for each in new if each != level)])
        about[str(alert)] = occurred_at
        tally.early += detected_at < occurred_at
    for (ticket,) in await database.fetch(_PAGED, models):
        tally.lost += len(LEVELS - {level for level, _ in heard[ticket]})
        tally.doubled += sum(times - 1 for times in heard[ticket].values())
    return about


async def _rows(
    database: asyncpg.Connection, alerts: Mapping[str, datetime], tally: Tally, pages: list[Page]
) -> None:
    """A page for every alert, every page gone, and the same in every attempt.

    No page is lost on receivers that are well: it was seen, or withdrawn because somebody had the alert. No
    receiver saw more attempts than were taken a lease for.
    """
    rows = await database.fetch(_ROWS)
    by_alert = Counter(alert for _, alert, *_ in rows if alert)
    tally.pages = len(rows)
    tally.lost += len(alerts.keys() - by_alert.keys())
    tally.doubled += sum(number - 1 for number in by_alert.values())
    tally.open += sum(state == "pending" for *_, state, _ in rows)
    bodies = {row: body for row, _, body, *_ in rows}
    told = {row: alert for row, alert, *_ in rows}
    seen = Counter(page.row for page in pages)
    acknowledged = dict(await database.fetch(_ACKNOWLEDGED))
    tally.attempts = len(pages)
    tally.lost += sum(
        row not in seen
        if state == "settled"
        else bool(alert) and state != "pending" and not (state == "withdrawn" and alert in acknowledged)
        for row, alert, _, state, _ in rows
    )
    tally.doubled += sum(max(0, seen[row] - attempts) for row, *_, attempts in rows)
    tally.changed += sum(bodies.get(page.row) != page.body for page in pages)
    tally.early += sum(page.at < alerts[told[page.row]] for page in pages if told.get(page.row) in alerts)
    tally.after += sum(
        page.at > acknowledged[told[page.row]] + SEND_LIMIT
        for page in pages
        if told.get(page.row) in acknowledged
    )
