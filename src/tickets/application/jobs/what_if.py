"""Draft policies and calendars against what really happened: the same histories, other promises."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec.structs import replace

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.draft import drafted
from tickets.application.desk.fault import InvalidDesk
from tickets.application.desk.stored import DeskTooNew
from tickets.application.house import Desks, House
from tickets.application.jobs.job import MOST_FAILED, Job, JobStore, Step, Unworkable, WhatIf, WhatIfResult
from tickets.application.promises.comparison import Comparison
from tickets.application.promises.history import Line, first_terms
from tickets.application.promises.supposing import Compared, suppose
from tickets.domain.ticket import Ticket

BATCH = 50
"""Tickets in one step: some ten milliseconds."""


class PastDesks(Desks, Protocol):
    """Desks that remember what they were."""

    async def as_of(self, at: datetime) -> CompiledDesk:
        """The desk as it stood at an instant."""


async def start_what_if(
    store: JobStore, desks: PastDesks, asked: WhatIf, job_id: UUID, asked_by: str, now: datetime
) -> Job:
    """Ask what a draft of the desk would have come to. Raises `InvalidDesk` when it could be no desk."""
    drafted(await desks.as_of(now), asked.draft)
    asked = replace(asked, end=min(asked.end, now))
    job = Job(
        id=job_id,
        asked=asked,
        asked_by=asked_by,
        total=await store.count_opened(asked.start, asked.end),
        result=WhatIfResult(),
        created_at=now,
        moved_at=now,
    )
    await store.start(job)
    return job


class Supposing:
    """Carries such jobs out."""

    def __init__(self, house: House, desks: PastDesks, store: JobStore, batch: int = BATCH) -> None:
        self.house = house
        self.desks = desks
        self.store = store
        self.batch = batch
        self._drafted: tuple[UUID, CompiledDesk] | None = None

    async def __call__(self, job: Job, _now: datetime) -> Step:
        """Compare the next tickets; all are followed until the job was asked for, however long it takes."""
        asked, result = job.asked, job.result
        if not (isinstance(asked, WhatIf) and isinstance(result, WhatIfResult)):
            raise TypeError(f"job {job.id} asks for something else")
        draft = await self._draft(job, asked)
        tickets = await self.store.opened(asked.start, asked.end, job.place, self.batch)
        histories = await self.store.histories([ticket.id for ticket in tickets])
        comparison, failed = Comparison(result.rows), list(result.failed)
        for ticket in tickets:
            try:
                found = await self._compared(ticket, histories.get(ticket.id, []), draft, job.created_at)
            except Exception:  # noqa: BLE001 - one bad ticket must not end the job; it is named in the result
                failed.append(ticket.id)
                continue
            for each in found:
                comparison.add(ticket.team, each)
        return Step(
            done=len(tickets),
            place=tickets[-1].id if tickets else job.place,
            result=WhatIfResult(rows=comparison.rows(), failed=tuple(failed[:MOST_FAILED])),
            last=len(tickets) < self.batch,
        )

    async def _compared(
        self, ticket: Ticket, lines: list[Line], draft: CompiledDesk, until: datetime
    ) -> list[Compared]:
        first = await self.house.terms(first_terms(ticket, lines))
        return list(suppose(ticket, lines, first, draft, until))

    async def _draft(self, job: Job, asked: WhatIf) -> CompiledDesk:
        """The job's desk, made once as long as nobody asks for another."""
        if self._drafted is None or self._drafted[0] != job.id:
            try:
                base = await self.desks.as_of(job.created_at)
                self._drafted = job.id, drafted(base, asked.draft)
            except (InvalidDesk, DeskTooNew) as error:  # another release than the one that took it on
                raise Unworkable(str(error)) from error
        return self._drafted[1]
