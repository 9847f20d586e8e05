"""What would be promised to a ticket that does not exist."""

from msgspec import Struct

import sla
from tickets.application import facts
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.promises.explaining import WhyPolicy, reasons_of
from tickets.application.promises.standing import Ahead, Standing, standings
from tickets.domain.ticket import Ticket
from tickets.domain.words import Instant


class Promised(Struct, frozen=True, kw_only=True):
    """One metric's promise: `budget` as the policy writes it, `open_time` its worth from the opening on.

    `open_time`, `due_at` and `next` are empty for a metric whose clock something later starts, such as the
    next response.
    """

    metric: str
    policy: str
    policy_version: int
    calendar: str
    calendar_version: int
    budget: str
    open_time: str | None
    due_at: Instant | None
    next: tuple[Ahead, ...]


class Preview(Struct, frozen=True, kw_only=True):
    """The promises of a ticket opened at an instant, if nothing happened to it, and why these."""

    opened_at: Instant
    team: str | None
    rule: str | None
    promises: tuple[Promised, ...]
    reasons: tuple[WhyPolicy, ...]


def preview(ticket: Ticket, desk: CompiledDesk) -> Preview:
    """What the desk would promise `ticket`, which has a team or is given one by the routing rules."""
    if ticket.team is None:
        ticket = facts.choose_team(ticket, desk)
    chosen = desk.explain_terms(facts.facts_of(ticket, desk))
    at = ticket.opened_at
    outcome = sla.apply(sla.Opened(at, ticket.status), sla.Clocks(), chosen.terms, at)
    started = {clock.metric: clock for clock in standings(outcome, chosen.terms, at)}
    return Preview(
        opened_at=at,
        team=ticket.team,
        rule=ticket.rule,
        promises=tuple(_promised(each, started.get(each.metric)) for each in chosen.terms.promises),
        reasons=reasons_of(chosen),
    )


def _promised(promise: sla.Promise, clock: Standing | None) -> Promised:
    return Promised(
        metric=promise.metric,
        policy=promise.policy,
        policy_version=promise.policy_version,
        calendar=promise.calendar,
        calendar_version=promise.calendar_version,
        budget=promise.budget,
        open_time=None if clock is None else clock.budget,
        due_at=None if clock is None else clock.due_at,
        next=() if clock is None else clock.next,
    )
