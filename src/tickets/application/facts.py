"""The seam to `sla`: tickets in, their promises out, in our words; what conditions may ask of a ticket."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

import sla
from tickets.application.desk.compiled import CompiledDesk
from tickets.domain.escalation import Escalation
from tickets.domain.ticket import Change, Happened, Ticket

Facts = Mapping[str, frozenset[str]]
_ACCOUNT = {"form": "form", "inbox": "mailbox", "hotline": "line", "api": "client"}
_encode = msgspec.json.Encoder().encode
_terms = msgspec.json.Decoder(sla.Terms).decode
_ALWAYS = sla.BusinessCalendar(always_open=True)
_runs = msgspec.json.Decoder(tuple[sla.Run, ...]).decode

Signal = sla.Signal
AgentReplied = sla.AgentReplied
Assigned = sla.Assigned
CallAnswered = sla.CallAnswered
CallMissed = sla.CallMissed
Cancelled = sla.Cancelled
CustomerReplied = sla.CustomerReplied
Opened = sla.Opened
StatusChanged = sla.StatusChanged
Unassigned = sla.Unassigned
"""What commands tell the promises, in their own words."""

read_clocks = msgspec.json.Decoder(sla.Clocks).decode
"""Clocks as a ticket keeps them."""

_ANSWERS = frozenset({"first_response", "next_response"})

_ENDS = frozenset({"sla.fulfilled", "sla.cancelled"})

ROUTING = "routing"
"""What alerts have as their metric when it is not a promise that is in danger, but routing that gave up."""


class Pinned(Struct, frozen=True):
    """Terms and the name a ticket keeps of them: the SHA-256 of their JSON."""

    id: bytes
    body: bytes
    terms: sla.Terms


class Verdict(Struct, frozen=True):
    """A ticket after a signal: its clocks moved, what was said of them, what has to be escalated."""

    ticket: Ticket
    happened: tuple[Happened, ...]
    escalations: tuple[Escalation, ...]


def facts_of(ticket: Ticket, desk: CompiledDesk) -> Facts:
    """What conditions of policies and rules may ask about a ticket."""
    direct = ticket.channel == "inbox" and ticket.source != "email"
    facts = {
        "channel": frozenset((ticket.channel,)),
        "source": frozenset((ticket.source,)),
        "priority": frozenset((ticket.priority,)),
        "customer": frozenset((str(ticket.customer_id),)),
        "tags": frozenset(ticket.tags),
        "message_account" if direct else _ACCOUNT[ticket.channel]: frozenset((ticket.account,)),
    }
    for key, value in (
        ("team", ticket.team),
        ("language", ticket.language),
        ("customer_tier", ticket.customer_tier),
        ("customer_segment", ticket.customer_segment),
    ):
        if value is not None:
            facts[key] = frozenset((value,))
    if ticket.region is not None:
        facts["region"] = frozenset(desk.region_line(ticket.region))
    for name, answer in ticket.fields.items():
        if answer is not None:
            text = str(answer)
            facts[f"fields.{name}"] = frozenset((text.lower() if isinstance(answer, bool) else text,))
    return facts


def choose_team(ticket: Ticket, desk: CompiledDesk) -> Ticket:
    """The ticket with the team and rule that its facts lead to; without a rule it keeps what it has.

    What it takes of an agent follows from its channel.
    """
    ticket = replace(ticket, units=desk.desk.units(ticket.channel))
    rule = desk.match_rule(facts_of(ticket, desk))
    return ticket if rule is None else replace(ticket, team=rule.team, rule=rule.key)


def pin_terms(ticket: Ticket, desk: CompiledDesk) -> Pinned:
    """The terms the desk promises this ticket now."""
    return pin(desk.choose_terms(facts_of(ticket, desk)))


def pin(terms: sla.Terms) -> Pinned:
    """Terms under the hash of their content. The same object is hashed once."""
    known = _pinned.get(id(terms))
    if known is None or known.terms is not terms:
        if len(_pinned) >= _MOST_PINNED:
            _pinned.clear()
        body = _encode(terms)
        known = _pinned[id(terms)] = Pinned(sha256(body).digest(), body, terms)
    return known


_MOST_PINNED = 4096
_pinned: dict[int, Pinned] = {}


def read_terms(terms_id: bytes, body: bytes) -> Pinned:
    """Terms as they were kept."""
    return Pinned(terms_id, body, _terms(body))


def opened(ticket: Ticket, pinned: Pinned, now: datetime) -> Verdict:
    """Start the clocks of a new ticket."""
    start = replace(ticket, terms_id=pinned.id, clocks=Raw(_encode(sla.Clocks())))
    return told(start, sla.Opened(ticket.opened_at, ticket.status), pinned, now)


def reopens(ticket: Ticket, pinned: Pinned, at: datetime) -> bool:
    """Whether a customer's message at `at` reopens the ticket: it is solved, and not in its quiet period."""
    return sla.reopens(clocks_of(ticket), pinned.terms, at)


def terms_changed(ticket: Ticket, before: Pinned, after: Pinned, at: datetime, now: datetime) -> Verdict:
    """The ticket runs on other terms; what was used and broken stays (law 9)."""
    if after.id == before.id:
        return Verdict(ticket, (), ())
    verdict = told(ticket, sla.TermsChanged(at, after.terms), before, now)
    return replace(verdict, ticket=replace(verdict.ticket, terms_id=after.id))


def unanswered_since(ticket: Ticket) -> datetime | None:
    """Since when its customer has waited for an answer that is promised; None when they do not."""
    waits = [clock.started_at for clock in clocks_of(ticket) if clock.is_live and clock.metric in _ANSWERS]
    return min(waits, default=None)


def acknowledged(ticket: Ticket, pinned: Pinned, metric: str, at: datetime, now: datetime) -> Verdict:
    """Somebody has the escalation of a metric."""
    signal = msgspec.convert({"type": "acknowledged", "at": at, "metric": metric}, sla.Signal)
    return told(ticket, signal, pinned, now)


def time_passed(ticket: Ticket, pinned: Pinned, now: datetime) -> Verdict:
    """Nothing happened but time."""
    return told(ticket, sla.TimePassed(now), pinned, now)


def told(ticket: Ticket, signal: sla.Signal, pinned: Pinned, now: datetime) -> Verdict:
    """Tell the promise engine, and put what it says on the ticket."""
    outcome = sla.apply(signal, clocks_of(ticket), pinned.terms, now)
    moved = with_clocks(ticket, outcome.clocks, outcome.next_instant)
    escalations = escalations_of(outcome.events, pinned)
    counted = replace(signal, at=outcome.clocks.seen_at or signal.at)
    return Verdict(moved, _history(counted, signal.at, outcome.events, pinned, now), escalations)


def with_clocks(ticket: Ticket, clocks: sla.Clocks, next_instant: datetime | None) -> Ticket:
    """The ticket with its clocks put on it, and what is read off them."""
    due = [clock.due_at for clock in clocks.each if clock.state == "running" and clock.due_at]
    moved = replace(ticket, clocks=Raw(_encode(clocks)), due_at=min(due, default=None), tick_at=next_instant)
    return moved if ticket.runs is None else _ticking(moved, next_instant, runs_of(ticket))


def runs_of(ticket: Ticket) -> tuple[sla.Run, ...]:
    """Its runs, the oldest first."""
    return () if ticket.runs is None else _runs(ticket.runs)


def with_runs(ticket: Ticket, runs: tuple[sla.Run, ...]) -> Ticket:
    """The ticket with its runs put on it."""
    clocks = [clock.next_at for clock in clocks_of(ticket) if clock.next_at is not None]
    moved = replace(ticket, runs=Raw(_encode(runs)) if runs else None)
    return _ticking(moved, min(clocks, default=None), runs)


def _ticking(ticket: Ticket, clocks: datetime | None, runs: Iterable[sla.Run]) -> Ticket:
    instants = [run.next_at for run in runs if run.next_at is not None]
    return replace(ticket, tick_at=min([*instants, *([clocks] if clocks else [])], default=None))


def hours_of(metric: str, pinned: Pinned) -> sla.BusinessCalendar:
    """The calendar that business time of a run counts in: of the promise it is about, else of a main one."""
    promises = {str(promise.metric): promise for promise in pinned.terms.promises}
    promise = promises.get(metric) or promises.get("resolution") or next(iter(promises.values()), None)
    return _ALWAYS if promise is None else promise.hours


def clocks_of(ticket: Ticket) -> sla.Clocks:
    """Its clocks."""
    return read_clocks(ticket.clocks)


def due_instants(ticket: Ticket) -> dict[str, datetime]:
    """When what is promised is due, by metric, of the clocks that run."""
    clocks = clocks_of(ticket)
    return {clock.metric: clock.due_at for clock in clocks if clock.state == "running" and clock.due_at}


def alerted_and_over(change: Change) -> set[tuple[str, int]]:
    """Promises that somebody has heard of and that are kept at last, or dropped, by metric and cycle."""
    ends = {(one.data["metric"], one.data["cycle"]) for one in change.happened if one.type in _ENDS}
    clocks = clocks_of(change.after) if ends else ()
    return {(one.metric, one.cycle) for one in clocks if one.fired and (one.metric, one.cycle) in ends}


def escalations_of(events: Iterable[sla.Event], pinned: Pinned) -> tuple[Escalation, ...]:
    """What of it somebody has to hear."""
    return tuple(_escalation(event, pinned.terms) for event in events if event.type == "escalation_due")


def _history(
    signal: sla.Signal, occurred_at: datetime, events: Iterable[sla.Event], pinned: Pinned, now: datetime
) -> tuple[Happened, ...]:
    """What the engine was told and what it said. Passing time says nothing that could not be said again.

    The signal is kept at the instant at which it counted, so that a replay comes to the same clocks (law 8).
    A change of terms names those before it: a replay has to know what a ticket began on.
    """
    lines = tuple(line_of(event, now) for event in events)
    if isinstance(signal, sla.TimePassed):
        return lines
    told_it = Happened(
        type="sla.told",
        actor="sla",
        occurred_at=occurred_at,
        detected_at=now,
        signal=Raw(_encode(signal)),
        data={"terms_before": pinned.id.hex()} if isinstance(signal, sla.TermsChanged) else {},
    )
    return (told_it, *lines)


def line_of(event: sla.Event, now: datetime) -> Happened:
    """A line of history for something the engine said."""
    data = {
        name: value
        for name, value in msgspec.structs.asdict(event).items()
        if name not in ("type", "occurred_at") and value not in (None, ())
    }
    return Happened(
        type=f"sla.{event.type}",
        actor="sla",
        occurred_at=event.occurred_at,
        detected_at=max(now, event.occurred_at),
        data=data,
    )


def escalation_policy(pinned: Pinned, metric: str) -> str:
    """The escalation policy that watches a metric; empty where nothing is promised any more.

    Routing is watched by whichever policy watches the ticket at all.
    """
    watching = [each for each in pinned.terms.promises if metric in (each.metric, ROUTING)]
    return next((each.escalation for each in watching if each.escalation), "")


def _escalation(event: sla.Event, terms: sla.Terms) -> Escalation:
    promise = terms.of(event.metric)
    return Escalation(
        policy=(promise.escalation if promise else None) or "",
        metric=event.metric,
        cycle=event.cycle,
        level=event.level or "",
        repeat=event.repeat,
        covers=event.covers,
        occurred_at=event.occurred_at,
        due_at=event.due_at,
    )
