"""Other rules or another roster against a past period: its tickets are read, then simulated twice."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec.structs import replace

from tickets.application.desk.compiled import CompiledDesk
from tickets.application.desk.draft import drafted
from tickets.application.desk.fault import InvalidDesk
from tickets.application.desk.stored import DeskTooNew
from tickets.application.house import House
from tickets.application.jobs.job import (
    MOST_FAILED,
    Job,
    JobStore,
    RoutingWhatIf,
    RoutingWhatIfResult,
    Step,
    Unworkable,
)
from tickets.application.jobs.what_if import BATCH, PastDesks
from tickets.application.placements.stays import Stay, stay_of
from tickets.application.placements.supposed import World, really
from tickets.application.placements.weighing import agent_rows, waits_rows
from tickets.application.promises.history import Line, first_terms
from tickets.domain.ticket import Ticket

MOST_TICKETS = 100_000
"""As many are held in memory at once."""

TURNS = 100
"""Tickets that find an agent in one step of the simulation: well under a second."""


class TooMany(ValueError):  # noqa: N818 - a condition, not a bug
    """More tickets than one simulation holds. `str()` says how many."""


async def start_routing_what_if(
    store: JobStore, desks: PastDesks, asked: RoutingWhatIf, job_id: UUID, asked_by: str, now: datetime
) -> Job:
    """Ask what other rules or another roster would have come to.

    Raises:
        InvalidDesk: the draft could be no desk.
        TooMany: more than `MOST_TICKETS` were opened in the period.
    """
    drafted(await desks.as_of(now), asked.draft)
    asked = replace(asked, end=min(asked.end, now))
    total = await store.count_opened(asked.start, asked.end)
    if total > MOST_TICKETS:
        raise TooMany(f"{total} tickets were opened until then; {MOST_TICKETS} can be simulated at once")
    job = Job(
        id=job_id,
        asked=asked,
        asked_by=asked_by,
        total=total,
        result=RoutingWhatIfResult(),
        created_at=now,
        moved_at=now,
    )
    await store.start(job)
    return job


class _Desks(NamedTuple):
    job: UUID
    base: CompiledDesk
    draft: CompiledDesk


class Both:
    """The same tickets on both desks, simulated side by side."""

    def __init__(self, job: UUID, stays: Sequence[Stay], base: World, draft: World) -> None:
        self.job = job
        self.stays = stays
        self.base = base
        self.draft = draft

    def advance(self, turns: int) -> bool:
        """Go on a little; False when both are over."""
        return self.base.advance(turns) or self.draft.advance(turns)

    def result(self, start: datetime, end: datetime, failed: tuple[UUID, ...]) -> RoutingWhatIfResult:
        """What it came to."""
        was = list(really(self.stays))
        before, after = list(self.base.courses()), list(self.draft.courses())
        base, draft = self.base.desk, self.draft.desk
        return RoutingWhatIfResult(
            rows=waits_rows({"really": was, "before": before, "after": after}, end),
            agents=agent_rows(
                {"really": (was, base), "before": (before, base), "after": (after, draft)}, start, end
            ),
            failed=failed,
        )


class SupposingRouting:
    """Carries such jobs out.

    What is read is put away in the step that read it. The simulation is nowhere but in memory: whoever finds
    it missing begins it anew and comes to the same.
    """

    def __init__(
        self, house: House, desks: PastDesks, store: JobStore, batch: int = BATCH, turns: int = TURNS
    ) -> None:
        self.house = house
        self.desks = desks
        self.store = store
        self.batch = batch
        self.turns = turns
        self._known: _Desks | None = None
        self._both: Both | None = None

    async def __call__(self, job: Job, _now: datetime) -> Step:
        """Read the next tickets or, when all are read, simulate a little more."""
        asked, result = job.asked, job.result
        if not (isinstance(asked, RoutingWhatIf) and isinstance(result, RoutingWhatIfResult)):
            raise TypeError(f"job {job.id} asks for something else")
        desks = await self._desks(job, asked)
        if self._both is None or self._both.job != job.id:
            tickets = await self.store.opened(asked.start, asked.end, job.place, self.batch)
            if tickets:
                return await self._read(job, tickets, desks.base, result)
        return await self._simulate(job, asked, desks, result)

    async def _read(
        self, job: Job, tickets: Sequence[Ticket], desk: CompiledDesk, result: RoutingWhatIfResult
    ) -> Step:
        histories = await self.store.histories([ticket.id for ticket in tickets])
        stays, failed = list[Stay](), list(result.failed)
        for ticket in tickets:
            try:
                stays.append(await self._stay(ticket, histories.get(ticket.id, []), desk))
            except Exception:  # noqa: BLE001 - one bad ticket must not end the job; it is named in the result
                failed.append(ticket.id)
        await self.store.keep_stays(job.id, stays)
        result = replace(result, failed=tuple(failed[:MOST_FAILED]))
        return Step(done=len(tickets), place=tickets[-1].id, result=result, last=False)

    async def _stay(self, ticket: Ticket, lines: list[Line], desk: CompiledDesk) -> Stay:
        return stay_of(ticket, lines, await self.house.terms(first_terms(ticket, lines)), desk)

    async def _simulate(
        self, job: Job, asked: RoutingWhatIf, desks: _Desks, result: RoutingWhatIfResult
    ) -> Step:
        """In a thread, for it computes and waits for nothing; what breaks it ends the job."""
        try:
            if self._both is None or self._both.job != job.id:
                stays = await self.store.stays(job.id)
                self._both = await asyncio.to_thread(_both, job, asked, desks, stays)
            both = self._both
            if await asyncio.to_thread(both.advance, self.turns):
                return Step(done=0, place=job.place, result=result, last=False)
            result = await asyncio.to_thread(both.result, asked.start, asked.end, result.failed)
        except (ValueError, LookupError, ArithmeticError, TypeError) as error:
            raise Unworkable(f"the simulation broke down: {error!r}") from error
        self._both = None
        return Step(done=0, place=job.place, result=result, last=True)

    async def _desks(self, job: Job, asked: RoutingWhatIf) -> _Desks:
        """The job's desks, made once as long as nobody asks for others."""
        if self._known is None or self._known.job != job.id:
            try:
                base = await self.desks.as_of(job.created_at)
                self._known = _Desks(job.id, base, drafted(base, asked.draft))
            except (InvalidDesk, DeskTooNew) as error:  # another release than the one that took it on
                raise Unworkable(str(error)) from error
        return self._known


def _both(job: Job, asked: RoutingWhatIf, desks: _Desks, stays: Sequence[Stay]) -> Both:
    base, draft = (
        World(stays, desk, asked.start, asked.end, job.created_at, matcher)
        for desk, matcher in ((desks.base, None), (desks.draft, asked.matcher))
    )
    return Both(job.id, stays, base, draft)
