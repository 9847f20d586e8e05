"""A customer is forgotten: their words, names and addresses go; what happened and when it was due stays.

It is a job in small transactions. Asking for it cuts the customer off: nothing new comes to them any more.
Doing it again is harmless; there is no way back.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from tickets.application.changes.change import MISSED_CALL, decide
from tickets.application.changes.ended import Forget
from tickets.application.customers.keep import Customers
from tickets.application.desk.model import Desk
from tickets.application.house import House
from tickets.application.jobs.job import Erase, Erased, Job, JobStore, Step
from tickets.domain.customer import Holding
from tickets.domain.errors import NotFound, Refused
from tickets.domain.ticket import Change, Happened, Ticket
from tickets.domain.words import composed

BATCH = 25
"""Tickets in one transaction."""


class Erasure(Protocol):
    """Every place that keeps who a customer is or what they said."""

    async def begin(self, customer: UUID, by: str, now: datetime) -> None:
        """Mark a locked customer, and all merged into them; from here on their identities are not theirs."""

    async def count(self, customer: UUID) -> int:
        """How many tickets they have."""

    async def tickets(self, customer: UUID, after: UUID | None, limit: int) -> list[Ticket]:
        """Their tickets behind one, in order, locked."""

    async def holding(self, customer: UUID) -> Holding:
        """By what they can be found."""

    async def wipe_tickets(
        self, tickets: Sequence[UUID], holding: Holding, tags: Collection[str], now: datetime
    ) -> None:
        """Forget all words of locked tickets but these tags, and whatever came and left with them."""

    async def wipe_customer(self, holding: Holding) -> None:
        """Forget who they were; the last step."""


async def start_erase(
    customers: Customers,
    jobs: JobStore,
    erasure: Erasure,
    customer: UUID,
    job_id: UUID,
    asked_by: str,
    now: datetime,
) -> Job:
    """Ask for a customer to be forgotten; the job, or the one that does it or has done it already.

    Raises:
        NotFound: no such customer.
        Refused: merged into another one, who has to be erased as a whole.
    """
    async with customers.store.transaction():
        found = next(iter(await customers.store.lock([customer])), None)
        if found is None:
            raise NotFound(f"there is no customer {customer}")
        if found.merged_into is not None:
            raise Refused(
                f"customer {customer} was merged into {found.merged_into}; erase that one, or split"
            )
        if found.erased_at is not None and (known := await jobs.erasing(customer)) is not None:
            return known
        if found.erased_at is None:
            await erasure.begin(customer, asked_by, now)
        job = Job(
            id=job_id,
            asked=Erase(customer),
            asked_by=asked_by,
            total=await erasure.count(customer),
            result=Erased(),
            created_at=now,
            moved_at=now,
        )
        await jobs.start(job)
        return job


class Erasing:
    """Carries such jobs out."""

    def __init__(self, house: House, erasure: Erasure) -> None:
        self.house = house
        self.erasure = erasure

    async def __call__(self, job: Job, now: datetime) -> Step:
        """Forget the next tickets; behind the last one, the customer."""
        if not (isinstance(job.asked, Erase) and isinstance(job.result, Erased)):
            raise TypeError(f"job {job.id} asks for something else")
        customer = job.asked.customer
        tickets = await self.erasure.tickets(customer, job.place, BATCH)
        changes = [await self._close(ticket, job, now) for ticket in tickets if ticket.status != "closed"]
        desk = await self.house.desks.current()
        await self.house.save(*changes, desk=desk)
        for ticket in tickets:
            line = Happened(
                type="customer_erased", actor=job.asked_by, occurred_at=now, detected_at=now,
                data={"job": str(job.id)},
            )  # fmt: skip
            await self.house.tickets.note(ticket.id, line)
        holding = await self.erasure.holding(customer)
        if tickets:
            tags = tags_of(desk.desk)
            await self.erasure.wipe_tickets([ticket.id for ticket in tickets], holding, tags, now)
        last = len(tickets) < BATCH
        if last:
            await self.erasure.wipe_customer(holding)
        return Step(
            done=len(tickets),
            place=tickets[-1].id if tickets else job.place,
            result=Erased(tickets=job.result.tickets + len(tickets), closed=job.result.closed + len(changes)),
            last=last,
            changes=tuple(changes),
        )

    async def _close(self, ticket: Ticket, job: Job, now: datetime) -> Change:
        """Nobody can work on it any more; what it promised is owed no longer, and counts neither way."""
        desk = await self.house.desks.current()
        change, _ = decide(Forget(), await self.house.scene(ticket, desk, job.asked_by, now))
        return self.house.with_alerts(change, (), desk)


def tags_of(desk: Desk) -> frozenset[str]:
    """The tags the desk gives or asks for: words of ours. Any other may be somebody's name."""
    entrances = (desk.forms, desk.mailboxes, desk.message_accounts, desk.hotlines)
    given = {tag for kind in entrances for entrance in kind.values() for tag in entrance.tags}
    asked = {tag for policy in desk.sla_policies.values() for tag in policy.when.get("tags", ())}
    asked |= {tag for rule in desk.routing_rules.values() for tag in rule.when.get("tags", ())}
    asked |= {tag for rule in desk.escalation_rules.values() for tag in rule.when.get("tags", ())}
    return frozenset(map(composed, given | asked | {MISSED_CALL}))
