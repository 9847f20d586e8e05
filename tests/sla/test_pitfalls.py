"""What others got wrong, one test each."""

from datetime import timedelta
from typing import get_args

import pytest
from tests.sla.desk import ALWAYS, LEVELS, OFFICE, Ticket, at, promise

from sla import (
    AgentReplied,
    BusinessCalendar,
    CallAnswered,
    Cancelled,
    Closed,
    CustomerReplied,
    Opened,
    Policy,
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
    replay,
)

HOUR = timedelta(hours=1)


def test_a_closure_of_years_still_gives_a_due_instant() -> None:
    day = at("mon 00:00")
    closed = [(day + n * 24 * HOUR).date().isoformat() for n in range(3 * 366)]
    calendar = BusinessCalendar(hours=OFFICE.hours, holidays=closed)
    assert calendar.due(day, "PT1H") > day + 3 * 365 * 24 * HOUR


def test_a_late_reply_between_due_instant_and_poll_is_late() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")), AgentReplied(at("mon 13:01")), TimePassed(at("mon 17:00")))
    assert ticket.clock().state == "breached"
    assert ticket.said("fulfilled")[0].late


def test_a_breach_is_stamped_with_its_due_instant_not_with_its_detection() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")))
    ticket.waits_until("fri 08:00")
    assert [event.occurred_at for event in ticket.said("breached")] == [at("mon 13:00")]


def test_a_change_of_policy_keeps_a_recorded_breach() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")), TimePassed(at("mon 14:00")))
    ticket.hears(TermsChanged(at("mon 15:00"), Terms((promise(budget="PT40H", policy="other"),))))
    assert (ticket.clock().state, ticket.clock().breached_at) == ("breached", at("mon 13:00"))


def test_a_change_of_policy_keeps_the_time_that_was_paused() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 09:00"), "pending"))
    ticket.hears(StatusChanged(at("tue 09:00"), "open"))
    ticket.hears(TermsChanged(at("tue 10:00"), Terms((promise(budget="PT3H", policy="other"),))))
    assert ticket.clock().due_at == at("tue 11:00")


def test_a_change_of_policy_fires_one_notice_for_all_the_levels_it_finds_passed() -> None:
    ticket = Ticket(promise(budget="PT30H"))
    ticket.hears(Opened(at("mon 08:00")), TimePassed(at("wed 08:00")))
    urgent = promise(budget="PT4H", policy="urgent", levels=LEVELS)
    ticket.hears(TermsChanged(at("wed 09:00"), Terms((urgent,))))
    ticket.waits_until("wed 09:01")
    [page] = ticket.said("escalation_due")
    assert (page.level, page.covers) == ("boss", ("assignee", "lead"))
    assert ticket.said("breached")[0].occurred_at == at("wed 09:00")


def test_a_policy_without_a_metric_drops_its_clock_and_its_escalations() -> None:
    ticket = Ticket(promise(levels=LEVELS), promise("resolution", "PT16H"))
    ticket.hears(Opened(at("mon 08:00")))
    ticket.hears(TermsChanged(at("mon 09:00"), Terms((promise("resolution", "PT16H"),))))
    ticket.waits_until("fri 17:00")
    assert ticket.clock().state == "cancelled"
    assert not [event for event in ticket.said("escalation_due") if event.metric == "first_response"]


def test_a_retired_policy_leaves_no_clock_and_no_escalation_behind() -> None:
    ticket = Ticket(promise(levels=LEVELS), promise("resolution", "PT16H", levels=LEVELS))
    ticket.hears(Opened(at("mon 08:00")), TermsChanged(at("mon 09:00"), choose([], {}, {}, {}).terms))
    assert {clock.state for clock in ticket.clocks} == {"cancelled"}
    assert ticket.next_instant is None
    assert ticket.waits_until("fri 17:00").events == ()


def test_an_edited_calendar_moves_the_due_instant_of_an_open_ticket() -> None:
    ticket = Ticket(promise("resolution", "PT8H"))
    ticket.hears(Opened(at("mon 08:00")))
    half_day = BusinessCalendar(timezone="Asia/Ho_Chi_Minh", hours={"mon": [["08:00", "12:00"]]})
    edited = promise("resolution", "PT8H", hours=half_day, calendar_version=2)
    ticket.hears(TermsChanged(at("mon 09:00"), Terms((edited,))))
    assert ticket.clock("resolution").due_at == at("mon+2 08:00")


def test_paused_then_solved_counts_no_hold_time() -> None:
    ticket = Ticket(promise("resolution", "PT8H"))
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 10:00"), "pending"), Solved(at("fri 10:00")))
    assert (ticket.clock("resolution").used, ticket.clock("resolution").state) == (2 * HOUR, "met")


def test_a_pause_over_the_weekend_is_taken_out_once() -> None:
    ticket = Ticket(promise("resolution", "PT8H"))
    ticket.hears(Opened(at("fri 13:00")), StatusChanged(at("fri 15:00"), "pending"))
    ticket.hears(StatusChanged(at("mon+1 09:00"), "open"))
    assert ticket.clock("resolution").due_at == at("mon+1 16:00")


def test_two_pauses_in_one_minute_take_out_their_seconds() -> None:
    ticket = Ticket(promise("resolution", "PT1H"))
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 08:10:05"), "pending"))
    ticket.hears(StatusChanged(at("mon 08:10:15"), "open"), StatusChanged(at("mon 08:10:30"), "pending"))
    ticket.hears(StatusChanged(at("mon 08:10:50"), "open"))
    assert ticket.clock("resolution").due_at == at("mon 09:00:30")


def test_a_pause_before_the_first_reply_and_across_close_and_reopen_holds() -> None:
    ticket = Ticket(promise(), promise("resolution", "PT8H"))
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 09:00"), "pending"), Solved(at("mon 11:00")))
    ticket.hears(Reopened(at("tue 08:00"), "pending"), StatusChanged(at("tue 14:00"), "open"))
    assert ticket.clock().due_at == at("wed 08:00")
    assert ticket.clock("resolution").due_at == at("wed 13:00")


def test_a_pause_does_not_count_across_closing_and_reopening_either() -> None:
    ticket = Ticket(promise("resolution", "PT8H"))
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 10:00"), "pending"), Closed(at("mon 15:00")))
    ticket.hears(StatusChanged(at("wed 08:00"), "pending"), StatusChanged(at("wed 10:00"), "open"))
    assert (ticket.clock("resolution").used, ticket.clock("resolution").due_at) == (
        2 * HOUR,
        at("thu 08:00"),
    )


def test_a_pause_that_covers_a_holiday_is_no_longer_than_its_open_time() -> None:
    calendar = BusinessCalendar(timezone="Asia/Ho_Chi_Minh", hours=OFFICE.hours, holidays=["2026-03-03"])
    ticket = Ticket(promise("resolution", "PT8H", hours=calendar))
    ticket.hears(Opened(at("mon 08:00")), StatusChanged(at("mon 16:00"), "pending"))
    ticket.hears(StatusChanged(at("wed 08:00"), "open"))
    assert ticket.clock("resolution").due_at == at("wed 09:00")


@pytest.mark.parametrize("signal", [StatusChanged(at("mon 09:00"), "open"), Solved(at("mon 09:00"))])
def test_a_change_of_status_is_no_first_response(signal: Signal) -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")), signal)
    assert ticket.clock().state in ("running", "paused")


def test_a_call_answered_by_an_agent_is_a_first_response() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")), CallAnswered(at("mon 08:05")))
    assert (ticket.clock().state, ticket.clock().ended_at) == ("met", at("mon 08:05"))


def test_automatic_replies_and_internal_notes_cannot_even_be_told() -> None:
    told = {kind.__struct_config__.tag for kind in get_args(Signal)}
    assert {name for name in told if "replied" in str(name)} == {"agent_replied", "customer_replied"}


def test_the_order_of_policies_is_explicit_and_total() -> None:
    target = Target(metric="resolution", budget="PT1H")
    policies = [Versioned(Policy(key=key, order=2, targets=(target,)), 1) for key in ("zeta", "alpha")]
    policies.append(Versioned(Policy(key="beta", order=1, targets=(target,)), 1))
    given = [choose(order, {}, {}, {}).terms for order in (policies, policies[::-1])]
    assert given[0] == given[1]
    assert given[0].promises[0].policy == "beta"
    assert choose(policies[:2], {}, {}, {}).terms.promises[0].policy == "alpha"


def test_next_response_does_not_overtake_the_first_and_a_reply_stops_it() -> None:
    ticket = Ticket(promise(), promise("next_response", "PT1H"))
    ticket.hears(Opened(at("mon 08:00")), CustomerReplied(at("mon 08:30")))
    assert ticket.clocks.latest("next_response") is None
    ticket.hears(AgentReplied(at("mon 09:00")), CustomerReplied(at("mon 09:30")))
    assert ticket.clock("next_response").due_at == at("mon 10:30")
    ticket.hears(CustomerReplied(at("mon 09:45")), AgentReplied(at("mon 10:00")))
    assert [clock.state for clock in ticket.clocks] == ["met", "met"]


def test_an_update_does_not_overtake_the_first_response_and_a_reply_stops_it() -> None:
    ticket = Ticket(promise(), promise("periodic_update", "PT2H"))
    ticket.hears(Opened(at("mon 08:00")), Solved(at("mon 08:10")), Reopened(at("mon 08:20")))
    assert ticket.clocks.latest("periodic_update") is None
    ticket.hears(AgentReplied(at("mon 09:00")), AgentReplied(at("mon 10:00")))
    assert [clock.state for clock in ticket.clocks] == ["met", "met", "running"]
    assert ticket.clock("periodic_update").due_at == at("mon 13:00")


def test_thank_you_after_solved_starts_no_clock() -> None:
    ticket = Ticket(promise("next_response"))
    ticket.hears(Opened(at("mon 08:00")), AgentReplied(at("mon 09:00")), Solved(at("mon 09:00")))
    ticket.hears(CustomerReplied(at("mon 10:00")))
    assert ticket.clocks.latest("next_response") is None
    assert ticket.next_instant is None


@pytest.mark.parametrize(
    ("on_reopen", "cycle", "state", "due"),
    [
        ("resume", 1, "running", "wed 10:00"),
        ("new_cycle", 2, "running", "thu 08:00"),
        ("ignore", 1, "met", "tue 08:00"),
    ],
)
def test_a_reopening_does_what_the_policy_says(on_reopen: str, cycle: int, state: str, due: str) -> None:
    ticket = Ticket(promise("resolution", "PT8H", on_reopen=on_reopen))
    ticket.hears(Opened(at("mon 08:00")), Solved(at("mon 15:00")), Reopened(at("wed 08:00")))
    clock = ticket.clock("resolution")
    assert (clock.cycle, clock.state, clock.due_at) == (cycle, state, at(due))


@pytest.mark.parametrize("metric", ["first_response", "resolution", "assignment"])
def test_merge_spam_and_delete_cancel_clocks(metric: str) -> None:
    ticket = Ticket(promise(metric, levels=LEVELS))  # type: ignore[arg-type]
    ticket.hears(Opened(at("mon 08:00")), Cancelled(at("mon 09:00")), Cancelled(at("mon 09:00")))
    ticket.waits_until("fri 09:00")
    assert [event.type for event in ticket.events] == ["applied", "activated", "cancelled"]
    assert ticket.next_instant is None


def test_merging_both_ways_at_once_cancels_each_once() -> None:
    one, other = Ticket(promise(levels=LEVELS)), Ticket(promise(levels=LEVELS))
    for ticket in (one, other, one, other):
        ticket.hears(Opened(at("mon 08:00")) if not ticket.events else Cancelled(at("mon 09:00")))
    for ticket in (one, other):
        assert ticket.hears(Cancelled(at("mon 09:00"))).events == ()
        assert [event.type for event in ticket.events] == ["applied", "activated", "cancelled"]


def test_a_ticket_closed_without_an_answer_leaves_no_clock_running() -> None:
    ticket = Ticket(promise(), promise("assignment"))
    ticket.hears(Opened(at("mon 08:00")), Closed(at("mon 09:00")))
    assert {clock.state for clock in ticket.clocks} == {"cancelled"}


def test_a_late_answer_is_breached_and_says_how_much_it_used() -> None:
    ticket = Ticket(promise())
    ticket.hears(Opened(at("mon 08:00")), AgentReplied(at("mon 17:00")))
    assert (ticket.clock().state, ticket.clock().used) == ("breached", 8 * HOUR)


def test_a_reply_at_the_very_due_instant_is_met_and_one_microsecond_later_is_not() -> None:
    for late in (False, True):
        ticket = Ticket(promise("first_response", "PT2H"))
        due = at("mon 10:00")
        ticket.hears(Opened(at("mon 08:00")), TimePassed(due))
        ticket.hears(AgentReplied(due + late * timedelta(microseconds=1)))
        assert ticket.clock().state == ("breached" if late else "met")


def test_a_budget_that_ends_at_closing_is_met_by_a_reply_at_the_next_opening() -> None:
    ticket = Ticket(promise("first_response", "PT8H"))
    ticket.hears(Opened(at("mon 08:00")), AgentReplied(at("tue 08:00")))
    assert (ticket.clock().state, ticket.clock().used) == ("met", 8 * HOUR)


def test_a_fact_told_late_is_counted_at_its_own_time_by_replay() -> None:
    ticket = Ticket(promise())
    history: list[Signal] = [Opened(at("mon 08:00")), TimePassed(at("mon 14:00"))]
    ticket.hears(*history)
    assert ticket.clock().state == "breached"
    ticket.hears(AgentReplied(at("mon 09:10")))
    assert ticket.clock().state == "breached", "apply does not go back behind what was seen"
    [clock] = replay([*history, AgentReplied(at("mon 09:10"))], ticket.terms).clocks
    assert (clock.state, clock.ended_at) == ("met", at("mon 09:10"))


def test_after_an_outage_the_highest_level_speaks_for_those_below() -> None:
    ticket = Ticket(promise(levels=LEVELS))
    ticket.hears(Opened(at("mon 08:00")))
    ticket.waits_until("fri 08:00")
    [page] = ticket.said("escalation_due")
    assert (page.level, page.covers, page.occurred_at) == ("boss", ("assignee", "lead"), at("mon 15:00"))


def test_a_ticket_says_itself_when_to_look_again_so_nobody_looks_at_all_of_them() -> None:
    ticket = Ticket(promise(levels=LEVELS), promise("resolution", "P1D"))
    ticket.hears(Opened(at("mon 08:00")))
    looks = 0
    while ticket.next_instant is not None:
        assert ticket.hears(TimePassed(ticket.next_instant)).events, "woken for nothing"
        looks += 1
    assert looks == 6, "two at risk, two broken, one of them with a level, and a level before and after"


def test_days_on_the_calendar_clock_end_at_the_same_wall_time() -> None:
    ticket = Ticket(promise("resolution", "P3D", hours=ALWAYS), promise(budget="P1D"))
    ticket.hears(Opened(at("fri 16:00")))
    assert ticket.clock("resolution").due_at == at("mon+1 16:00")
    assert (ticket.clock().due_at, ticket.clock().budget) == (at("mon+1 16:00"), 8 * HOUR)
