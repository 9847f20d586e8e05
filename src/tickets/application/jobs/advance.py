"""Jobs move on: one batch of tickets a transaction, so that stopping anywhere loses at most one batch."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from tickets.application.house import Observer
from tickets.application.jobs.job import Asked, Job, JobStore, Step, Unworkable

Work = Callable[[Job, datetime], Awaitable[Step]]
"""Does the next batch of a job, within the caller's transaction."""


class Jobs:
    """Whoever carries jobs out; any number may do so at once."""

    def __init__(self, store: JobStore, work: Mapping[type[Asked], Work], observer: Observer) -> None:
        self.store = store
        self.work = work
        self.observer = observer

    async def step(self, now: datetime) -> bool:
        """Take the oldest running job one batch further; False when there is none.

        A job that can never be carried out ends as failed, so that it does not stand before the others.
        """
        job = None
        try:
            async with self.store.transaction():
                job = await self.store.claim()
                if job is None:
                    return False
                step = await self.work[type(job.asked)](job, now)
                await self.store.save(job.id, step, now)
        except Unworkable as error:
            if job is not None:
                await self.store.fail(job.id, str(error), now)
            return True
        for change in step.changes:
            self.observer.changed(change)
        return True
