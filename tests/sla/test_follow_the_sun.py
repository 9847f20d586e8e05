"""A promise in the calendar of whichever team holds the ticket."""

from datetime import timedelta

import pytest
from tests.sla.desk import OFFICE, Ticket, at

from sla import (
    BusinessCalendar,
    Opened,
    Policy,
    Promise,
    Reopened,
    Signal,
    Solved,
    StatusChanged,
    Target,
    Terms,
    TermsChanged,
    TimePassed,
    Versioned,
    choose,
    explain,
)

HOUR = timedelta(hours=1)
WEEK = ("mon", "tue", "wed", "thu", "fri")
CALENDARS = {
    "hanoi": Versioned(OFFICE, 1),  # 8 to 12 and 13 to 17, that is from 01:00 to 10:00 UTC
    "warsaw": Versioned(
        BusinessCalendar(timezone="Europe/Warsaw", hours={day: [["09:00", "15:00"]] for day in WEEK}), 3
    ),  # in March 15:00 to 21:00 in Hanoi
    "house": Versioned(BusinessCalendar(hours={day: [["00:00", "24:00"]] for day in WEEK}), 2),
}
TEAMS = {"day": "hanoi", "evening": "warsaw"}


def terms(team: str | None, budget: str = "PT10H", key: str = "sun", calendar: str = "house") -> Terms:
    """Promise a resolution in the team's calendar."""
    target = Target(metric="resolution", budget=budget, calendar="team")
    policy = Policy(key=key, order=1, calendar=calendar, targets=(target,))
    facts = {"team": frozenset({team} if team else ())}
    return choose([Versioned(policy, 1)], CALENDARS, {}, facts, TEAMS).terms


def only(found: Terms) -> Promise:
    [promise] = found.promises
    return promise


@pytest.mark.parametrize(
    ("team", "calendar", "version"),
    [("day", "hanoi", 1), ("evening", "warsaw", 3), ("new", "house", 2), (None, "house", 2)],
)
def test_the_calendar_is_the_teams_or_else_the_policys(team: str | None, calendar: str, version: int) -> None:
    promise = only(terms(team))
    assert (promise.calendar, promise.calendar_version, promise.follows_team) == (calendar, version, True)


def test_a_policy_that_itself_follows_the_team_falls_back_to_always_open() -> None:
    promise = only(terms(None, calendar="team"))
    assert (promise.calendar, promise.hours.always_open) == ("always_open", True)


def test_each_stretch_counts_in_the_calendar_of_the_team_that_held_it() -> None:
    ticket = Ticket(*terms("day").promises)
    ticket.hears(Opened(at("mon 11:00")))  # an hour before lunch, four after
    ticket.hears(TermsChanged(at("mon 17:00"), terms("evening")))  # four hours until Warsaw closes
    assert ticket.clock("resolution").due_at == at("tue 16:00")
    ticket.hears(TermsChanged(at("tue 08:00"), terms("day")))
    assert ticket.clock("resolution").due_at == at("tue 09:00")
    history: list[Signal] = [
        Opened(at("mon 11:00")),
        TermsChanged(at("mon 17:00"), terms("evening")),
        TermsChanged(at("tue 08:00"), terms("day")),
        TimePassed(at("tue 10:00")),
    ]
    [explanation] = explain(history, terms("day"))
    counted = [s for s in explanation.stretches if s.kind == "counted"]
    assert [(s.start, s.end, s.why) for s in counted] == [
        (at("mon 11:00"), at("mon 12:00"), "hanoi"),
        (at("mon 13:00"), at("mon 17:00"), "hanoi"),
        (at("mon 17:00"), at("mon 21:00"), "warsaw"),
        (at("tue 08:00"), at("tue 10:00"), "hanoi"),
    ]
    assert (explanation.clock.state, explanation.clock.breached_at) == ("breached", at("tue 09:00"))


def test_a_budget_of_days_is_worth_what_the_first_teams_day_was() -> None:
    ticket = Ticket(*terms("day", "P1D").promises)
    ticket.hears(Opened(at("mon 11:00")), TermsChanged(at("mon 17:00"), terms("evening", "P1D")))
    assert ticket.clock("resolution").budget == 8 * HOUR, "not the six of Warsaw"
    assert ticket.clock("resolution").due_at == at("mon 20:00")


def test_a_hand_over_while_solved_leaves_the_budget_too() -> None:
    ticket = Ticket(*terms("day", "P1D").promises)
    ticket.hears(Opened(at("mon 11:00")), Solved(at("mon 12:00")))
    ticket.hears(TermsChanged(at("mon 13:00"), terms("evening", "P1D")), Reopened(at("mon 15:00")))
    assert (ticket.clock("resolution").budget, ticket.clock("resolution").used) == (8 * HOUR, HOUR)


def test_another_policy_is_another_promise_and_measures_its_days_anew() -> None:
    ticket = Ticket(*terms("day", "P1D").promises)
    ticket.hears(Opened(at("mon 11:00")), TermsChanged(at("mon 17:00"), terms("evening", "P1D", key="other")))
    assert ticket.clock("resolution").budget == 6 * HOUR


def test_a_hand_over_takes_no_pause_and_no_breach_back() -> None:
    ticket = Ticket(*terms("day", "PT2H").promises)
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 09:00"), "pending"))
    ticket.hears(TermsChanged(at("mon 11:00"), terms("evening", "PT2H")))
    assert (ticket.clock("resolution").state, ticket.clock("resolution").used) == ("paused", HOUR)
    ticket.hears(StatusChanged(at("mon 15:00"), "open"), TimePassed(at("mon 18:00")))
    ticket.hears(TermsChanged(at("mon 19:00"), terms("day", "PT2H")))
    assert ticket.clock("resolution").breached_at == at("mon 16:00")
