"""A ticket's runs as shown: who was paged, who has it, what comes next and when."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

import sla
from tickets.application import facts
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant


class NextPage(Struct, frozen=True):
    """The level that is paged next if nothing intervenes; `fallback` is behind the last of the last round."""

    level: str
    at: Instant
    notify: tuple[str, ...]


class RunView(Struct, frozen=True, kw_only=True):
    """A run. `level` is the one paged last, `paged` are those it reached, `acknowledged_by` who have it.

    An acknowledgement or a snooze ends by itself `until` an instant, where there is one.
    """

    id: UUID
    cause: str
    reason: str
    policy: str
    policy_version: int
    state: sla.RunState
    round: int
    rounds: int
    level: str | None
    paged: tuple[str, ...]
    acknowledgement: str
    acknowledged_by: tuple[str, ...]
    acknowledged_at: Instant | None
    until: Instant | None
    next: NextPage | None
    began_at: Instant
    exhausted_at: Instant | None
    ended_at: Instant | None


class RunsView(Struct, frozen=True):
    """The runs of a ticket, the oldest first: all that are live, and the newest of those that are over."""

    runs: Sequence[RunView]


def shown_runs(ticket: Ticket) -> RunsView:
    """All of them."""
    return RunsView([shown_run(run) for run in facts.runs_of(ticket)])


def shown_run(run: sla.Run) -> RunView:
    """One run."""
    return RunView(
        id=UUID(run.id),
        cause=run.cause,
        reason=run.reason,
        policy=run.terms.policy,
        policy_version=run.terms.version,
        state=run.state,
        round=run.round,
        rounds=run.terms.rounds,
        level=run.reached,
        paged=run.told,
        acknowledgement=run.terms.acknowledgement,
        acknowledged_by=run.acknowledged_by,
        acknowledged_at=run.acknowledged_at,
        until=run.held_until,
        next=_next(run),
        began_at=run.began_at,
        exhausted_at=run.exhausted_at,
        ended_at=run.ended_at,
    )


def _next(run: sla.Run) -> NextPage | None:
    found = sla.coming(run)
    if found is None:
        return None
    name, at = found
    levels = {level.name: level.notify for level in run.terms.levels}
    return NextPage(name, at, run.terms.fallback if name == sla.FALLBACK else levels.get(name, ()))
