"""Open tickets go over to the promises of the desk as it is now; what was used and broken stays (law 9)."""

from collections import Counter
from datetime import datetime
from uuid import UUID

from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.jobs.job import MOST_FAILED, Job, JobStore, Recompute, Recomputed, Step
from tickets.application.promises.moves import MOVES, Move, moves
from tickets.domain.ticket import Change, Happened, Ticket

BATCH = 25
"""Tickets in one transaction: each is held locked for some ten milliseconds."""


async def start_recompute(store: JobStore, job_id: UUID, asked_by: str, now: datetime) -> Job:
    """Ask for every open ticket to be recomputed."""
    job = Job(
        id=job_id,
        asked=Recompute(),
        asked_by=asked_by,
        total=await store.count_open(),
        result=Recomputed(),
        created_at=now,
        moved_at=now,
    )
    await store.start(job)
    return job


class Recomputing:
    """Carries such jobs out."""

    def __init__(self, house: House, store: JobStore, batch: int = BATCH) -> None:
        self.house = house
        self.store = store
        self.batch = batch

    async def __call__(self, job: Job, now: datetime) -> Step:
        """Move the next tickets, which are locked from the beginning to the end of the step."""
        if not isinstance(job.result, Recomputed):
            raise TypeError(f"job {job.id} asks for something else")
        desk = await self.house.desks.current()
        tickets = await self.store.lock_open(job.place, self.batch)
        changes: list[Change] = []
        moved, failed = Counter[Move](), list[UUID]()
        for ticket in tickets:
            try:
                change = await self._change(job, ticket, desk, now)
                if change is not None:
                    pinned = await self.house.pinned(ticket)
                    moved += moves(ticket.clocks, pinned, change.after.clocks, now)
                    changes.append(change)
            except Exception:  # noqa: BLE001 - one bad ticket must not end the job; it is named in the result
                failed.append(ticket.id)
        await self.house.save(*changes, desk=desk)
        return Step(
            done=len(tickets),
            place=tickets[-1].id if tickets else job.place,
            result=_sum(job.result, len(changes), moved, failed),
            last=len(tickets) < self.batch,
            changes=tuple(changes),
        )

    async def _change(self, job: Job, ticket: Ticket, desk: CompiledDesk, now: datetime) -> Change | None:
        """The change that puts a ticket on its terms of now; None when it runs on them already."""
        before, after = await self.house.pinned(ticket), facts.pin_terms(ticket, desk)
        if after.id == before.id:
            return None
        verdict = facts.terms_changed(ticket, before, after, now, now)
        note = Happened(
            type="recomputed", actor=job.asked_by, occurred_at=now, detected_at=now, data={"job": str(job.id)}
        )
        change = Change(
            before=ticket,
            after=verdict.ticket.moved_on(now),
            now=now,
            happened=(note, *verdict.happened),
        )
        return self.house.with_alerts(change, verdict.escalations, desk)


def _sum(before: Recomputed, tickets: int, moved: Counter[Move], failed: list[UUID]) -> Recomputed:
    return Recomputed(
        tickets=before.tickets + tickets,
        clocks={move: before.clocks[move] + moved[move] for move in MOVES},
        failed=(*before.failed, *failed)[:MOST_FAILED],
    )
