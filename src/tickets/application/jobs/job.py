"""A job: what was asked, how far it is, what it has come to. Its row is all there is of it (law 1)."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct, field

from tickets.application.desk.model import Matcher
from tickets.application.placements.stays import Stay
from tickets.application.placements.weighing import AgentRow, WaitsRow
from tickets.application.promises.comparison import ComparedRow
from tickets.application.promises.history import Line
from tickets.application.promises.moves import MOVES, Move
from tickets.domain.ticket import Change, Ticket
from tickets.domain.words import Instant

State = Literal["running", "done", "cancelled", "failed"]


class Recompute(Struct, frozen=True, tag="recompute", tag_field="kind"):
    """Put every open ticket on the promises of the desk as it is."""


class Recomputed(Struct, frozen=True, kw_only=True, tag="recompute", tag_field="kind"):
    """What putting tickets on other terms came to.

    `tickets` run on other terms now; `clocks` says what became of theirs: due earlier, due later, broken at
    once as the new due instant had passed (`due_passed`), begun, dropped. `failed` are tickets that could not
    be moved (the first hundred); they stay as they were.
    """

    tickets: int = 0
    clocks: dict[Move, int] = field(default_factory=lambda: dict.fromkeys(MOVES, 0))
    failed: tuple[UUID, ...] = ()


class Erase(Struct, frozen=True, tag="erase", tag_field="kind"):
    """Forget a customer, and all who were merged into them."""

    customer: UUID


class Erased(Struct, frozen=True, kw_only=True, tag="erase", tag_field="kind"):
    """What forgetting a customer came to: tickets without words now, and those `closed` for it."""

    tickets: int = 0
    closed: int = 0


class WhatIf(Struct, frozen=True, kw_only=True, tag="what_if", tag_field="kind"):
    """Compare what was promised to tickets opened in [start, end) with what a draft of the desk would.

    The draft is the desk as it stood when the job was asked for, with these objects in place of its own, each
    as its JSON; null takes one away.
    """

    start: Instant
    end: Instant
    calendars: dict[str, object] = {}
    sla_policies: dict[str, object] = {}

    @property
    def draft(self) -> dict[str, dict[str, object]]:
        """What differs from the desk, by kind."""
        return {"calendars": self.calendars, "sla_policies": self.sla_policies}


class WhatIfResult(Struct, frozen=True, kw_only=True, tag="what_if", tag_field="kind"):
    """What a draft of the desk would have come to, by metric and team. `failed`: could not be compared."""

    rows: tuple[ComparedRow, ...] = ()
    failed: tuple[UUID, ...] = ()


class RoutingWhatIf(Struct, frozen=True, kw_only=True, tag="routing_what_if", tag_field="kind"):
    """Simulate routing for the tickets opened in [start, end), on the desk and on a draft of it.

    The draft is the desk as it stood when the job was asked for, with these objects in place of its own, each
    as its JSON; null takes one away. With `matcher` it has that one.
    """

    start: Instant
    end: Instant
    matcher: Matcher | None = None
    agents: dict[str, object] = {}
    routing_rules: dict[str, object] = {}

    @property
    def draft(self) -> dict[str, dict[str, object]]:
        """What differs from the desk, by kind."""
        return {"agents": self.agents, "routing_rules": self.routing_rules}


class RoutingWhatIfResult(Struct, frozen=True, kw_only=True, tag="routing_what_if", tag_field="kind"):
    """What other rules or another roster would have come to; empty until all of it is simulated.

    Three sides: `really` is what happened, `before` is simulated on the desk, `after` on the draft. How near
    `before` comes to `really` tells how far to trust `after`. `failed` could not be read.
    """

    rows: tuple[WaitsRow, ...] = ()
    agents: tuple[AgentRow, ...] = ()
    failed: tuple[UUID, ...] = ()


Asked = Recompute | WhatIf | RoutingWhatIf | Erase
Result = Recomputed | WhatIfResult | RoutingWhatIfResult | Erased
MOST_FAILED = 100
"""How many failed tickets a result names."""


class Job(Struct, frozen=True, kw_only=True):
    """One job. `done` of about `total` tickets are behind it; the last of them is its `place`.

    `error` is why it `failed`.
    """

    id: UUID
    state: State = "running"
    asked: Asked
    asked_by: str
    done: int = 0
    total: int
    place: UUID | None = None
    result: Result
    error: str | None = None
    created_at: Instant
    moved_at: Instant
    ended_at: Instant | None = None


class Unworkable(Exception):  # noqa: N818 - a condition, not a bug
    """A job that can never be carried out, though it was taken on. `str()` says why."""


class Step(Struct, frozen=True, kw_only=True):
    """What one step of a job came to: `done` more tickets, up to `place`; `result` is of the whole so far.

    `changes` were written in the step's transaction; a step that is the `last` ends the job.
    """

    done: int
    place: UUID | None
    result: Result
    last: bool
    changes: tuple[Change, ...] = ()


class JobStore(Protocol):
    """Jobs, and the tickets they go through."""

    def transaction(self) -> AbstractAsyncContextManager[object]:
        """One transaction around `claim` and `save`, or the one the caller is in."""

    async def start(self, job: Job) -> None:
        """Write a new job."""

    async def claim(self) -> Job | None:
        """The oldest running job that nobody else is at, locked, or None."""

    async def save(self, job: UUID, step: Step, now: datetime) -> None:
        """Write what a step came to."""

    async def fail(self, job: UUID, error: str, now: datetime) -> None:
        """End a job that cannot be carried out, unless it has ended."""

    async def read(self, job: UUID) -> Job | None:
        """A job, or None."""

    async def cancel(self, job: UUID, now: datetime) -> Job | None:
        """Stop a job once its step under way is over; the job, or None when it was not running."""

    async def erasing(self, customer: UUID) -> Job | None:
        """The job that forgets a customer, running or done."""

    async def count_open(self) -> int:
        """How many tickets are open."""

    async def count_opened(self, start: datetime, end: datetime) -> int:
        """How many tickets were opened in [start, end)."""

    async def opened(self, start: datetime, end: datetime, after: UUID | None, limit: int) -> list[Ticket]:
        """Tickets opened in [start, end) behind one, in order."""

    async def histories(self, tickets: Sequence[UUID]) -> dict[UUID, list[Line]]:
        """What the engine was told of tickets, and which of their facts changed, in order."""

    async def keep_stays(self, job: UUID, stays: Sequence[Stay]) -> None:
        """Put away what a job has read, until it ends."""

    async def stays(self, job: UUID) -> list[Stay]:
        """What a job has put away, by ticket."""

    async def lock_open(self, after: UUID | None, limit: int) -> Sequence[Ticket]:
        """Open tickets behind one, in order, locked."""
