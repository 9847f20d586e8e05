"""A fact told late: put in its place, and what that changes."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.sla.desk import LEVELS, Ticket, at, promise
from tests.sla.effort import long
from tests.sla.walk import Walk, facts
from tests.sla.worlds import FIRST, START, STEP, STEPS, histories

from sla import (
    AgentReplied,
    Amended,
    CustomerReplied,
    Event,
    InstantError,
    Opened,
    Signal,
    SlaError,
    StatusChanged,
    Terms,
    TermsChanged,
    TimePassed,
    amend,
    replay,
)


def told_late(ticket: Ticket, history: list[Signal], fact: Signal, now: str) -> Amended:
    """Live the history, then hear of the fact."""
    first = ticket.terms
    ticket.hears(*history)
    told = [signal for signal in history if not isinstance(signal, TimePassed)]
    return amend(told, fact, ticket.clocks, first, at(now))


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [event.type for event in events]


def test_a_call_at_ten_past_nine_told_in_the_afternoon_withdraws_the_breach() -> None:
    ticket = Ticket(promise(levels=LEVELS))
    history: list[Signal] = [Opened(at("mon 08:00")), TimePassed(at("mon 14:30"))]
    amended = told_late(ticket, history, AgentReplied(at("mon 09:10")), "mon 14:30")
    assert ticket.clock().state == "breached"
    clock = amended.clocks.latest("first_response")
    assert clock is not None
    assert (clock.state, clock.ended_at, clock.fired) == ("met", at("mon 09:10"), {})
    assert kinds(amended.events) == ["fulfilled"]
    assert [(event.type, event.level) for event in amended.withdrawn] == [
        ("escalation_due", "assignee"),
        ("at_risk", None),
        ("breached", None),
        ("escalation_due", "lead"),
    ]
    [changed] = amended.changed
    assert (changed.before, changed.after) == (ticket.clock(), clock)
    assert amended.next_instant is None


def test_a_pause_told_late_moves_the_due_instant_and_what_fires_then_is_new() -> None:
    ticket = Ticket(promise(levels=LEVELS))
    history: list[Signal] = [Opened(at("mon 08:00")), StatusChanged(at("mon 11:00"), "open")]
    history.append(TimePassed(at("mon 14:00")))
    fact = StatusChanged(at("mon 09:00"), "pending")
    amended = told_late(ticket, history, fact, "mon 14:00")
    clock = amended.clocks.latest("first_response")
    assert clock is not None
    assert (clock.state, clock.due_at) == ("running", at("mon 15:00"))
    assert [(event.type, event.level) for event in amended.withdrawn if event.type == "escalation_due"] == [
        ("escalation_due", "lead")
    ]
    assert set(clock.fired) == {"assignee"}, "the page at half is as true as before"
    ticket.clocks = amended.clocks
    later = ticket.waits_until("mon 15:01")
    assert [(event.level, event.repeat) for event in later.events if event.level] == [("lead", 0)]


def test_what_is_due_by_now_is_said_once_by_one_page() -> None:
    ticket = Ticket(promise(), promise("next_response", "PT1H", levels=LEVELS))
    history: list[Signal] = [Opened(at("mon 08:00")), AgentReplied(at("mon 08:30"))]
    amended = told_late(ticket, history, CustomerReplied(at("mon 09:00")), "mon 11:00")
    assert kinds(amended.events) == ["activated", "at_risk", "breached", "escalation_due"]
    assert (amended.events[-1].level, amended.events[-1].covers) == ("lead", ("assignee",))
    [changed] = amended.changed
    assert (changed.metric, changed.cycle, changed.before) == ("next_response", 1, None)


def test_nobody_is_called_out_for_what_is_over() -> None:
    ticket = Ticket(promise(), promise("next_response", "PT1H", levels=LEVELS))
    history: list[Signal] = [Opened(at("mon 08:00")), AgentReplied(at("mon 08:10"))]
    history.append(AgentReplied(at("mon 11:00")))
    amended = told_late(ticket, history, CustomerReplied(at("mon 09:00")), "mon 12:00")
    assert kinds(amended.events) == ["activated", "at_risk", "breached", "fulfilled"]


def test_a_debt_that_began_earlier_than_believed_is_not_paged_again() -> None:
    ticket = Ticket(promise(), promise("next_response", "PT4H", levels=LEVELS))
    history: list[Signal] = [Opened(at("mon 08:00")), AgentReplied(at("mon 08:10"))]
    history += [CustomerReplied(at("mon 09:30")), TimePassed(at("mon 12:00"))]
    amended = told_late(ticket, history, CustomerReplied(at("mon 09:00")), "mon 12:00")
    assert "escalation_due" not in kinds(amended.events)
    assert "escalation_due" not in kinds(amended.withdrawn)


def test_what_became_true_at_the_very_last_instant_but_was_not_said_is_said() -> None:
    shorter = Terms((promise("resolution", "PT1H15M", policy="shorter"),))
    ticket = Ticket(promise("resolution", "PT8H"))
    history: list[Signal] = [Opened(at("mon 08:00")), TermsChanged(at("mon 09:00"), shorter)]
    amended = told_late(ticket, history, AgentReplied(at("mon 08:30")), "mon 09:00")
    assert ticket.said("at_risk") == []
    assert kinds(amended.events) == ["at_risk"]


@pytest.mark.parametrize(
    ("fact", "error"),
    [
        (AgentReplied(at("mon 07:59")), InstantError),
        (AgentReplied(at("mon 12:01")), InstantError),
        (AgentReplied(datetime(2026, 3, 2, 9, 0)), InstantError),  # noqa: DTZ001 - naive on purpose
        (TermsChanged(at("mon 09:00"), Terms()), SlaError),
        (Opened(at("mon 09:00")), SlaError),
        (TimePassed(at("mon 09:00")), SlaError),
    ],
)
def test_new_terms_do_not_reach_back_nor_facts_before_the_opening_or_from_the_future(
    fact: Signal, error: type[SlaError]
) -> None:
    ticket = Ticket(promise())
    with pytest.raises(error):
        told_late(ticket, [Opened(at("mon 08:00"))], fact, "mon 12:00")


steps = st.integers(0, STEPS - 1)
late_facts = st.sampled_from([AgentReplied(START), CustomerReplied(START), StatusChanged(START, "pending")])


@settings(max_examples=long(60), deadline=None)
@given(histories(), FIRST, late_facts, steps, steps)
def test_law_8_a_fact_told_late_gives_the_clocks_of_one_told_in_time(
    history: list[Signal], first: Terms, fact: Signal, one: int, other: int
) -> None:
    then, now = START + min(one, other) * STEP, START + max(one, other) * STEP
    fact = replace(fact, at=then)
    walk = Walk(first)
    told = [signal for signal in history if signal.at <= now]
    for signal in told:
        walk.poll_until(signal.at)
        walk.take(signal)
    amended = amend(told, fact, walk.clocks, first, now)
    in_time = replay([*told, fact, TimePassed(now)], first)
    assert amended.clocks == in_time.clocks
    assert amended.next_instant == in_time.next_instant
    kept = list(walk.events)
    for event in amended.withdrawn:
        if event.type != "escalation_due":
            kept.remove(event)
    assert facts([*kept, *amended.events]) == facts(in_time.events)


@settings(max_examples=long(40), deadline=None)
@given(histories(), FIRST)
def test_a_fact_that_says_nothing_new_changes_nothing(history: list[Signal], first: Terms) -> None:
    told = history[:-1]
    now = told[-1].at
    walk = Walk(first)
    for signal in [*told, TimePassed(now)]:
        walk.take(signal)
    status = walk.clocks.status
    amended = amend(told, StatusChanged(now, status), walk.clocks, first, now)
    if status not in ("solved", "closed", "cancelled"):
        assert (amended.events, amended.withdrawn, amended.changed) == ((), (), ())
    assert amended.clocks == walk.clocks
