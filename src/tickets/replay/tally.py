"""What a replay came to: read from the database, compared with what the file says."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct, field

from tickets.application.promises.clock_view import ClockView, shown_clocks
from tickets.domain.ticket import Ticket
from tickets.persistence.engine import Engine
from tickets.persistence.ticket_sql import TICKET
from tickets.replay.mapping import Case

PRECISION = timedelta(seconds=60)
"""Due instants closer than this are equal: files are often cut to the minute."""

PAGE = 1000
_PAGE = f"SELECT {TICKET.columns} FROM ticket WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT {PAGE}"
_ALERTS = "SELECT count(*), count(DISTINCT ticket_id) FROM alert"
_LATEST = """
SELECT max(detected_at - occurred_at) FROM ticket_event WHERE type IN ('sla.breached', 'alert_raised')
"""


class Comparison(Struct):
    """How often we agree with the file, and where not: ours and theirs, by case."""

    equal: int = 0
    compared: int = 0
    differing: dict[str, tuple[str, str]] = field(default_factory=dict)

    def note(self, case: str, *, ours: object, theirs: object, equal: bool) -> None:
        """Count one case."""
        self.compared += 1
        self.equal += equal
        if not equal:
            self.differing[case] = (str(ours), str(theirs))


class Tally(Struct, kw_only=True):
    """Counts of tickets unless said otherwise. `latest` is the longest it took to notice what was due."""

    cases: int = 0
    tickets: int = 0
    lost: int = 0
    doubled: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    assigned: int = 0
    waiting: Counter[str] = field(default_factory=Counter)
    solved_unassigned: int = 0
    clocks: Counter[str] = field(default_factory=Counter)
    alerts: int = 0
    escalated: int = 0
    latest: timedelta | None = None
    due: Comparison = field(default_factory=Comparison)
    verdict: Comparison = field(default_factory=Comparison)


async def tally(engine: Engine, cases: Iterable[Case], opened: Mapping[str, UUID]) -> Tally:
    """Count what is in the database. `opened` are the tickets that were acknowledged, by case."""
    known = {case.id: case for case in cases}
    by_ticket: dict[UUID, Case] = {ticket: known[case] for case, ticket in opened.items()}
    found = Tally(cases=len(known), doubled=len(opened) - len(by_ticket))
    seen = 0
    async for ticket in _tickets(engine):
        found.tickets += 1
        _count(found, ticket)
        if (case := by_ticket.get(ticket.id)) is not None:
            seen += 1
            _compare(found, case, ticket)
    found.lost = len(known) - seen
    found.doubled += found.tickets - seen
    row = await engine.fetch_row(_ALERTS)
    found.alerts, found.escalated = row if row is not None else (0, 0)
    found.latest = await engine.fetch_value(_LATEST)
    return found


async def _tickets(engine: Engine) -> AsyncIterator[Ticket]:
    after: UUID | None = None
    while page := TICKET.all(await engine.fetch(_PAGE, after)):
        for ticket in page:
            yield ticket
        after = page[-1].id


def _count(found: Tally, ticket: Ticket) -> None:
    found.channels[ticket.channel] += 1
    found.statuses[ticket.status] += 1
    if ticket.assignee is not None:
        found.assigned += 1
    elif ticket.waiting_since is not None:
        found.waiting[_reason(ticket)] += 1
    else:
        found.solved_unassigned += 1
    for clock in shown_clocks(ticket):
        found.clocks[clock.state] += 1


class _Routing(Struct):
    reason: str = ""


def _reason(ticket: Ticket) -> str:
    if ticket.routing is None:
        return "not asked yet"
    return msgspec.json.decode(ticket.routing, type=_Routing).reason


def _compare(found: Tally, case: Case, ticket: Ticket) -> None:
    clock = next((clock for clock in shown_clocks(ticket) if clock.metric == "resolution"), None)
    if case.due is not None:
        ours = _due(clock)
        equal = ours is not None and abs(ours - case.due) < PRECISION
        found.due.note(case.id, ours=ours, theirs=case.due, equal=equal)
    if case.kept is not None and case.closed is not None:
        state = "none" if clock is None else clock.state
        verdict = {"met": True, "breached": False}.get(state)
        theirs = "met" if case.kept else "breached"
        found.verdict.note(case.id, ours=state, theirs=theirs, equal=verdict == case.kept)


def _due(clock: ClockView | None) -> datetime | None:
    return None if clock is None else clock.due_at
