"""Jobs in PostgreSQL, and the tickets they go through."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from uuid import UUID

from msgspec import Struct

from tickets.application.jobs.job import Job, Step
from tickets.application.placements.stays import Stay
from tickets.application.promises.history import Line
from tickets.domain.ticket import Ticket
from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows
from tickets.persistence.ticket_sql import TICKET

_JOB = Rows(Job)
_PLACES = ", ".join(f"${place}" for place in range(1, len(_JOB.fields) + 1))
_START = f"INSERT INTO job ({_JOB.columns}) VALUES ({_PLACES})"
_READ = f"SELECT {_JOB.columns} FROM job WHERE id = $1"
_PAGE = f"SELECT {_JOB.columns} FROM job WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
_CLAIM = f"""
SELECT {_JOB.columns} FROM job WHERE state = 'running' ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_SAVE = """
UPDATE job SET done = done + $2, place = $3, result = $4, moved_at = $6,
    state = CASE WHEN $5 THEN 'done' ELSE state END, ended_at = CASE WHEN $5 THEN $6::timestamptz END
WHERE id = $1
"""
_FAIL = """
UPDATE job SET state = 'failed', error = $2, moved_at = $3, ended_at = $3 WHERE id = $1 AND state = 'running'
"""
_CANCEL = f"""
UPDATE job SET state = 'cancelled', ended_at = $2 WHERE id = $1 AND state = 'running' RETURNING {_JOB.columns}
"""

_ERASING = f"""
SELECT {_JOB.columns} FROM job
WHERE state IN ('running', 'done') AND asked ->> 'kind' = 'erase' AND asked ->> 'customer' = $1
ORDER BY id DESC LIMIT 1
"""
_FORGET = "DELETE FROM job_stay WHERE job_id = $1"
_KEEP_STAYS = (
    "INSERT INTO job_stay (job_id, ticket_id, stay) SELECT $1, * FROM unnest($2::uuid[], $3::jsonb[])"
)
_STAYS = "SELECT stay FROM job_stay WHERE job_id = $1 AND ticket_id > $2 ORDER BY ticket_id LIMIT $3"
_PAGE_OF_STAYS = 2_000
_BEFORE_ALL = UUID(int=0)

_OPEN = "status NOT IN ('solved', 'closed')"
_COUNT_OPEN = f"SELECT count(*) FROM ticket WHERE {_OPEN}"
_OPENED_IN = "opened_at >= $1 AND opened_at < $2"
_COUNT_OPENED = f"SELECT count(*) FROM ticket WHERE {_OPENED_IN}"
_OPENED = f"""
SELECT {TICKET.columns} FROM ticket WHERE {_OPENED_IN} AND ($3::uuid IS NULL OR id > $3) ORDER BY id LIMIT $4
"""
_LINE = Rows(Line)
_HISTORIES = f"""
SELECT {_LINE.columns} FROM ticket_event
WHERE ticket_id = ANY ($1) AND (signal IS NOT NULL OR type = 'assigned' OR type LIKE '%\\_changed')
ORDER BY ticket_id, epoch, position
"""
_LOCK_OPEN = f"""
SELECT {TICKET.columns} FROM ticket WHERE {_OPEN} AND ($1::uuid IS NULL OR id > $1)
ORDER BY id LIMIT $2 FOR UPDATE
"""


class _KeptStay(Struct, frozen=True):
    stay: Stay


_STAY = Rows(_KeptStay)


class PostgresJobs:
    """The `JobStore` of the use cases. A job's row is locked before tickets are, and by jobs only."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `claim` and `save`, or the one the caller is in."""
        return self.engine.transaction(allow_nested=True)

    async def start(self, job: Job) -> None:
        """Write a new job."""
        await self.engine.execute(_START, *(getattr(job, name) for name in _JOB.fields))

    async def claim(self) -> Job | None:
        """The oldest running job that nobody else is at, locked, or None."""
        return _JOB.optional(await self.engine.fetch_row(_CLAIM))

    async def save(self, job: UUID, step: Step, now: datetime) -> None:
        """Write what a step came to."""
        await self.engine.execute(_SAVE, job, step.done, step.place, step.result, step.last, now)
        if step.last:
            await self.engine.execute(_FORGET, job)

    async def fail(self, job: UUID, error: str, now: datetime) -> None:
        """End a job that cannot be carried out, unless it has ended."""
        async with self.transaction():
            await self.engine.execute(_FAIL, job, error, now)
            await self.engine.execute(_FORGET, job)

    async def read(self, job: UUID) -> Job | None:
        """A job, or None."""
        return _JOB.optional(await self.engine.fetch_row(_READ, job))

    async def page(self, before: UUID | None, limit: int) -> list[Job]:
        """Jobs from the newest on, those after the job `before`."""
        return _JOB.all(await self.engine.fetch(_PAGE, before, limit))

    async def cancel(self, job: UUID, now: datetime) -> Job | None:
        """Stop a job once its step under way is over; the job, or None when it was not running."""
        async with self.transaction():
            cancelled = _JOB.optional(await self.engine.fetch_row(_CANCEL, job, now))
            if cancelled is not None:  # the step we waited for may have put something away
                await self.engine.execute(_FORGET, job)
        return cancelled

    async def erasing(self, customer: UUID) -> Job | None:
        """The job that forgets a customer, running or done."""
        return _JOB.optional(await self.engine.fetch_row(_ERASING, str(customer)))

    async def count_open(self) -> int:
        """How many tickets are open."""
        count: int = await self.engine.fetch_value(_COUNT_OPEN)
        return count

    async def count_opened(self, start: datetime, end: datetime) -> int:
        """How many tickets were opened in [start, end)."""
        count: int = await self.engine.fetch_value(_COUNT_OPENED, start, end)
        return count

    async def opened(self, start: datetime, end: datetime, after: UUID | None, limit: int) -> list[Ticket]:
        """Tickets opened in [start, end) behind one, in order."""
        return TICKET.all(await self.engine.fetch(_OPENED, start, end, after, limit))

    async def histories(self, tickets: Sequence[UUID]) -> dict[UUID, list[Line]]:
        """What the engine was told of tickets, and which of their facts changed, in order."""
        lines = _LINE.all(await self.engine.fetch(_HISTORIES, tickets))
        return {ticket: list(own) for ticket, own in groupby(lines, key=attrgetter("ticket_id"))}

    async def keep_stays(self, job: UUID, stays: Sequence[Stay]) -> None:
        """Put away what a job has read, until it ends."""
        await self.engine.execute(_KEEP_STAYS, job, [stay.id for stay in stays], stays)

    async def stays(self, job: UUID) -> list[Stay]:
        """What a job has put away, by ticket."""
        found: list[Stay] = []
        while True:
            after = found[-1].id if found else _BEFORE_ALL
            page = _STAY.all(await self.engine.fetch(_STAYS, job, after, _PAGE_OF_STAYS))
            found += (row.stay for row in page)
            if len(page) < _PAGE_OF_STAYS:
                return found

    async def lock_open(self, after: UUID | None, limit: int) -> list[Ticket]:
        """Open tickets behind one, in order, locked."""
        return TICKET.all(await self.engine.fetch(_LOCK_OPEN, after, limit))
