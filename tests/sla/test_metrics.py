"""What each metric measures; those that pitfalls speak of stand there."""

from datetime import timedelta

import pytest
from tests.sla.desk import ALWAYS, OFFICE, Ticket, at, promise

from sla import (
    METRICS,
    AgentReplied,
    Assigned,
    CallAnswered,
    CallMissed,
    Cancelled,
    Closed,
    CustomerReplied,
    Metric,
    Opened,
    Policy,
    Reopened,
    Signal,
    Solved,
    StatusChanged,
    Target,
    TermsChanged,
    TimePassed,
    Unassigned,
    Versioned,
    choose,
    measure,
)
from sla.metrics import MEASURES, MOVED_BY

HOUR = timedelta(hours=1)
LIFE: list[Signal] = [
    Opened(at("mon 08:00")),
    Assigned(at("mon 09:00")),
    StatusChanged(at("mon 10:00"), "pending"),
    StatusChanged(at("mon 14:00"), "on_hold"),
    StatusChanged(at("mon 15:00"), "open"),
    Solved(at("mon 16:00")),
    Reopened(at("tue 08:00")),
    Solved(at("tue 09:00")),
]
"""Two hours open, three working hours on the customer, one on a third party, then one and one more open."""


def test_the_guides_table_is_the_codes() -> None:
    assert set(MEASURES) == set(METRICS)
    for name, rows in MOVED_BY.items():
        concerned = [m for m, row in MEASURES.items() if name in row.starts + row.meets + row.drops]
        assert [metric for metric, _ in rows] == concerned


@pytest.mark.parametrize(("metric", "hours"), [("resolution", 8), ("requester_wait", 5), ("agent_work", 4)])
def test_the_customer_waits_while_others_work_and_agents_work_while_nobody_is_waited_for(
    metric: Metric, hours: int
) -> None:
    [measured] = measure(LIFE, metric, OFFICE)
    assert (measured.used, measured.ended_at) == (hours * HOUR, at("tue 09:00"))


def test_what_is_measured_depends_on_no_promise() -> None:
    promised = promise("agent_work", "PT3H", pauses=("pending", "on_hold"))
    ticket = Ticket(promised)
    ticket.hears(*LIFE)
    other = [*LIFE[:4], TermsChanged(at("mon 14:30"), ticket.terms), *LIFE[4:]]
    [measured] = measure(other, "agent_work", OFFICE)
    assert measured.used == ticket.clock("agent_work").used
    assert ticket.clock("agent_work").state == "breached"


def test_measuring_goes_on_until_the_end_of_the_history() -> None:
    [measured] = measure([*LIFE[:2], TimePassed(at("mon 09:30"))], "requester_wait", ALWAYS)
    assert (measured.used, measured.ended_at) == (1.5 * HOUR, None)


@pytest.mark.parametrize(
    ("pauses", "expected"), [(None, ("pending", "on_hold")), (("pending",), ("pending",)), ((), ())]
)
def test_a_metric_that_means_its_pauses_has_them_unless_its_target_names_others(
    pauses: tuple[str, ...] | None, expected: tuple[str, ...]
) -> None:
    targets = (
        Target(metric="agent_work", budget="PT8H", pauses=pauses),
        Target(metric="resolution", budget="PT8H"),
    )
    policy = Policy(key="p", order=1, targets=targets, pauses=("waiting",))
    resolution, work = choose([Versioned(policy, 1)], {}, {}, {}).terms.promises
    assert (resolution.pauses, work.pauses) == (("waiting",), expected)


def test_a_missed_call_is_a_promise_to_call_back() -> None:
    ticket = Ticket(promise("callback", "PT1H", pauses=()), promise())
    ticket.hears(Opened(at("mon 08:00")), CallMissed(at("mon 08:00")), CallMissed(at("mon 08:20")))
    assert ticket.clock("callback").due_at == at("mon 09:00"), "the first missed call counts"
    ticket.hears(AgentReplied(at("mon 08:30")))
    assert ticket.clock("callback").state == "running", "a letter is no call"
    ticket.hears(CallAnswered(at("mon 08:45")))
    assert (ticket.clock("callback").state, ticket.clock("callback").cycle) == ("met", 1)
    ticket.hears(CallMissed(at("mon 10:00")), TimePassed(at("mon 11:01")))
    assert (ticket.clock("callback").state, ticket.clock("callback").cycle) == ("breached", 2)


def test_a_caller_who_gets_through_later_needs_no_callback_any_more() -> None:
    ticket = Ticket(promise("callback", "PT1H"), promise())
    ticket.hears(Opened(at("mon 08:00")), CallMissed(at("mon 08:00")), CallAnswered(at("mon 08:10")))
    assert {clock.metric: clock.state for clock in ticket.clocks} == {
        "callback": "met",
        "first_response": "met",
    }


def test_a_missed_call_on_a_solved_ticket_waits_for_the_reopening_that_it_may_cause() -> None:
    ticket = Ticket(promise("callback", "PT1H"))
    ticket.hears(Opened(at("mon 08:00")), Solved(at("mon 09:00")), CallMissed(at("mon 10:00")))
    assert ticket.clocks.latest("callback") is None
    ticket.hears(Reopened(at("mon 11:00")), CallMissed(at("mon 11:00")))
    assert ticket.clock("callback").due_at == at("mon 13:00")


@pytest.mark.parametrize("end", [Closed, Cancelled])
def test_a_callback_nobody_made_is_dropped_with_the_ticket(end: type[Closed | Cancelled]) -> None:
    ticket = Ticket(promise("callback", "PT8H"))
    ticket.hears(Opened(at("mon 08:00")), CallMissed(at("mon 08:00")), end(at("mon 09:00")))
    assert ticket.clock("callback").state == "cancelled"


def test_an_answered_call_stops_and_starts_what_a_reply_does() -> None:
    ticket = Ticket(promise(), promise("next_response"), promise("periodic_update"))
    ticket.hears(Opened(at("mon 08:00")), CallAnswered(at("mon 08:10")), CustomerReplied(at("mon 09:00")))
    ticket.hears(CallAnswered(at("mon 10:00")))
    assert [(clock.metric, clock.cycle, clock.state) for clock in ticket.clocks] == [
        ("first_response", 1, "met"),
        ("periodic_update", 1, "met"),
        ("next_response", 1, "met"),
        ("periodic_update", 2, "running"),
    ]


def test_assignment_is_owed_anew_whenever_nobody_owns_the_ticket() -> None:
    ticket = Ticket(promise("assignment", "PT1H"))
    ticket.hears(Opened(at("mon 08:00")), Assigned(at("mon 08:30")), Unassigned(at("mon 10:00")))
    assert (ticket.clock("assignment").cycle, ticket.clock("assignment").due_at) == (2, at("mon 11:00"))
