"""Tickets by the thousand whose promises end at chosen instants, made of one that was really opened."""

from datetime import datetime
from uuid import UUID

from tickets.persistence import ticket_sql as sql
from tickets.persistence.engine import Engine

_MOVED = {
    "id": "gen_random_uuid()",
    "clocks": "replace(replace(replace(clocks::text, iso(opened_at), iso(opened_at + shift)), "
    "iso(due_at), iso(due_at + shift)), iso(tick_at), iso(tick_at + shift))::jsonb",
    "due_at": "due_at + shift",
    "tick_at": "tick_at + shift",
    "opened_at": "opened_at + shift",
    "waiting_since": "NULL",
    "route_at": "NULL",
}
_ARM = f"""
WITH moved AS (
    SELECT ticket.*,
           $2 - due_at + make_interval(secs => CASE WHEN n <= $3 THEN n / $4::float8 ELSE 3600 + n END)
           AS shift
    FROM ticket, generate_series(1, $1::int) AS n WHERE id = $5
)
INSERT INTO ticket ({", ".join(sql.COLUMNS)})
SELECT {", ".join(_MOVED.get(name, name) for name in sql.COLUMNS)} FROM moved
"""
_ISO = """
CREATE OR REPLACE FUNCTION iso(timestamptz) RETURNS text LANGUAGE sql AS
$$ SELECT to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$
"""


async def arm(engine: Engine, model: UUID, start: datetime, rate: float, due: int, later: int = 0) -> None:
    """Arm `due` tickets, `rate` of them falling due each second from `start` on, and `later` after an hour.

    `model` is a ticket with one clock that nothing has happened to.
    """
    async with engine.transaction():
        await engine.execute("SET LOCAL statement_timeout = 0")
        await engine.execute(_ISO)
        await engine.execute(_ARM, due + later, start, due, rate, model)
    await engine.execute("ANALYZE ticket")
