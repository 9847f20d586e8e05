"""Levels, repeats, acknowledgement: who must hear, and when no more."""

from datetime import timedelta

import pytest
from tests.sla.desk import LEVELS, Ticket, at, promise

from sla import (
    Acknowledged,
    AgentReplied,
    Level,
    Opened,
    Promise,
    StatusChanged,
    Terms,
    TermsChanged,
    TimePassed,
)

INSTANT = timedelta(microseconds=1)
NAG = Level(name="lead", after_due="PT0S", repeat="PT30M", clock="calendar", repeat_limit=2)


def pages(ticket: Ticket) -> list[tuple[str | None, int]]:
    return [(event.level, event.repeat) for event in ticket.said("escalation_due")]


def follow(ticket: Ticket, until: str) -> None:
    while ticket.next_instant is not None and ticket.next_instant <= at(until):
        ticket.hears(TimePassed(ticket.next_instant))


@pytest.mark.parametrize(
    ("level", "instant"),
    [
        (Level(name="x", share=0.5), "mon 14:00"),
        (Level(name="x", share=1.5), "tue 09:00"),
        (Level(name="x", before_due="PT2H"), "mon 14:00"),
        (Level(name="x", before_due="PT5H", clock="calendar"), "mon 11:00"),
        (Level(name="x", after_due="PT0S"), "mon 16:00"),
        (Level(name="x", after_due="PT2H"), "tue 09:00"),
        (Level(name="x", after_due="PT2H", clock="calendar"), "mon 18:00"),
        (Level(name="x", before_due="PT9H"), "mon 11:00"),
    ],
)
def test_each_kind_of_level_fires_at_its_instant(level: Level, instant: str) -> None:
    ticket = Ticket(promise(budget="PT4H", levels=(level,)))
    ticket.hears(Opened(at("mon 11:00")))
    follow(ticket, "fri 17:00")
    assert [event.occurred_at for event in ticket.said("escalation_due")] == [at(instant)]


def test_a_level_at_due_stays_silent_when_the_reply_comes_at_the_very_due_instant() -> None:
    ticket = Ticket(promise(budget="PT2H", levels=(NAG,)))
    ticket.hears(Opened(at("mon 08:00")), TimePassed(at("mon 10:00")), AgentReplied(at("mon 10:00")))
    assert pages(ticket) == []


def test_a_level_repeats_until_its_limit() -> None:
    ticket = Ticket(promise(budget="PT2H", levels=(NAG,)))
    ticket.hears(Opened(at("mon 08:00")))
    follow(ticket, "fri 17:00")
    assert pages(ticket) == [("lead", 0), ("lead", 1), ("lead", 2)]


def test_an_acknowledged_escalation_repeats_no_more_but_still_climbs() -> None:
    ticket = Ticket(promise(budget="PT2H", levels=(NAG, LEVELS[-1])))
    ticket.hears(Opened(at("mon 08:00")))
    follow(ticket, "mon 10:01")
    ticket.hears(Acknowledged(at("mon 10:05"), "first_response"))
    follow(ticket, "fri 17:00")
    assert pages(ticket) == [("lead", 0), ("boss", 0)]


def test_nothing_fires_while_paused_and_business_levels_move_with_the_pause() -> None:
    ticket = Ticket(promise(levels=LEVELS))
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 09:00"), "pending"))
    follow(ticket, "tue 08:00")
    assert ticket.next_instant is None
    ticket.hears(StatusChanged(at("tue 08:00"), "open"))
    assert ticket.next_instant == at("tue 09:00")
    assert pages(ticket) == []


def test_a_level_that_fired_does_not_fire_again_when_the_due_instant_moves() -> None:
    ticket = Ticket(promise(levels=LEVELS))
    ticket.hears(Opened(at("mon 08:00")))
    follow(ticket, "mon 11:00")
    longer: Promise = promise(budget="PT6H", levels=LEVELS, policy="longer")
    ticket.hears(TermsChanged(at("mon 11:00"), Terms((longer,))))
    follow(ticket, "mon 15:00")
    assert pages(ticket) == [("assignee", 0)]


def test_restart_counts_anew_for_another_policy_but_not_for_a_new_version() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")))
    newer = promise(policy_version=2, on_change="restart")
    ticket.hears(TermsChanged(at("mon 10:00"), Terms((newer,))))
    assert ticket.clock().due_at == at("mon 13:00")
    other = promise(policy="other", on_change="restart")
    ticket.hears(TermsChanged(at("mon 11:00"), Terms((other,))))
    assert ticket.clock().due_at == at("mon 16:00")


def test_the_breach_wakes_one_microsecond_after_the_due_instant() -> None:
    ticket = Ticket(promise(at_risk=None))
    ticket.hears(Opened(at("mon 08:00")))
    assert ticket.next_instant == at("mon 13:00") + INSTANT
    ticket.hears(TimePassed(at("mon 13:00")))
    assert ticket.said("breached") == []
