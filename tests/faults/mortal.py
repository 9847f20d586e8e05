"""Ports of a process that kills itself, without a word, at one named point of its work."""

import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from tickets.application.outbox.deliver import Claimed, Verdict
from tickets.application.ports import Ledger
from tickets.bootstrap import Application
from tickets.domain.ticket import Change, Ticket
from tickets.persistence.outbox import PostgresOutbox
from tickets.persistence.ticket_store import PostgresTickets

Point = Literal["claimed", "fired", "written", "committed", "rung", "leased", "sent", "settled"]
"""Due tickets claimed; decided, not written; written, not committed; committed, nobody rung; outbox rows
taken to be rung for, nobody rung; a row's lease taken; its bytes sent, not settled; settled."""

LOST = 0.3
"""The share of messages that an unreliable broker loses."""

POINTS: tuple[Point, ...] = get_args(Point)


class Death:
    """Comes at its point, the first time."""

    def __init__(self, point: Point) -> None:
        self._point = point

    def __call__(self, here: Point) -> None:
        """Die if it is here."""
        if here == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


class MortalTickets(PostgresTickets):
    """Tickets of a process that dies over them."""

    death: Death
    _wrote = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[object]:
        async with super().transaction() as inner:
            yield inner
        if self._wrote:
            self.death("committed")

    async def claim_due(self, now: datetime, limit: int) -> list[Ticket]:
        if found := await super().claim_due(now, limit):
            self.death("claimed")
        return found

    async def save(self, changes: Sequence[Change], ledger: Ledger | None = None) -> None:
        self.death("fired")
        await super().save(changes, ledger)
        self._wrote = True
        self.death("written")


class MortalOutbox(PostgresOutbox):
    """An outbox of a process that dies over it."""

    def __init__(self, other: PostgresOutbox, death: Death) -> None:
        super().__init__(other.engine, other.here, other.rung)
        self.death = death

    async def ring(self, now: datetime, again_at: datetime, most: int) -> list[UUID]:
        if rows := await super().ring(now, again_at, most):
            self.death("rung")
        return rows

    async def claim(self, row: UUID, now: datetime, lease: timedelta) -> Claimed | None:
        claimed = await super().claim(row, now, lease)
        if claimed is not None:
            self.death("leased")
        return claimed

    async def conclude(self, claimed: Claimed, verdict: Verdict, now: datetime) -> bool:
        self.death("sent")
        written = await super().conclude(claimed, verdict, now)
        self.death("settled")
        return written


class UnreliableOutbox(PostgresOutbox):
    """Between relay and workers three messages in ten are lost; the others are doubled, in any order; seeded.

    Some of them come only with those after them.
    """

    def __init__(self, other: PostgresOutbox) -> None:
        super().__init__(other.engine, other.here, other.rung)
        self._dice = random.Random(30)  # noqa: S311 - repeatable, not secret
        self._kept: list[UUID] = []

    async def ring(self, now: datetime, again_at: datetime, most: int) -> list[UUID]:
        rows = await super().ring(now, again_at, most)
        heard = [row for row in rows if self._dice.random() >= LOST]
        passing = [*heard, *self._kept, *heard]
        self._dice.shuffle(passing)
        self._kept = heard[: len(heard) // 2]
        return passing


def mortal(app: Application, point: Point) -> Application:
    """An application that dies at a point."""
    death = Death(point)
    tickets = MortalTickets(app.engine, app.parts.new_id)
    tickets.death = death
    app.parts.house.tickets = tickets
    return replace(app, outbox=MortalOutbox(app.outbox, death))
