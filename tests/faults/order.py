"""What has to hold in the database whatever was done to the servers."""

from collections import Counter

import asyncpg

_LOADS = """
SELECT a.key, a.load, coalesce(sum(t.units), 0)
FROM agent_state AS a
LEFT JOIN ticket AS t ON coalesce(t.assignee, t.offered_to) = a.key AND t.status NOT IN ('solved', 'closed')
GROUP BY a.key, a.load HAVING a.load <> coalesce(sum(t.units), 0)
"""
_HISTORY = """
SELECT ticket_id, type FROM ticket_event WHERE type IN ('assigned', 'unassigned')
ORDER BY ticket_id, epoch, position
"""
_ALERTS = "SELECT ticket_id, metric, cycle, repeat, level, covers FROM alert"
_TWICE = "SELECT external_id FROM intake GROUP BY channel, account, external_id HAVING count(*) > 1"


async def must_be_in_order(database: asyncpg.Connection) -> None:
    """One assignee a ticket, loads as the tickets say, no escalation twice, nothing taken in twice."""
    await must_hold_what_is_theirs(database)
    assert await database.fetch(_TWICE) == []
    held: set[object] = set()
    for ticket, event in await database.fetch(_HISTORY):
        if event == "assigned":
            assert ticket not in held, f"{ticket} was given to a second agent"
            held.add(ticket)
        else:
            held.discard(ticket)
    heard = Counter(
        (ticket, metric, cycle, repeat, level)
        for ticket, metric, cycle, repeat, reached, covers in await database.fetch(_ALERTS)
        for level in (reached, *covers)
    )
    assert [escalation for escalation, times in heard.items() if times > 1] == []


async def must_hold_what_is_theirs(database: asyncpg.Connection) -> None:
    """Every agent's load is the sum of the units they hold."""
    assert await database.fetch(_LOADS) == []


async def levels_heard(database: asyncpg.Connection, metric: str) -> dict[str, set[str]]:
    """By the subject of the ticket, the levels that were reached, those covered by a higher one too."""
    heard: dict[str, set[str]] = {}
    sql = "SELECT subject, level, covers FROM alert JOIN ticket ON ticket.id = ticket_id WHERE metric = $1"
    for subject, level, covers in await database.fetch(sql, metric):
        heard.setdefault(subject, set()).update((level, *covers))
    return heard
