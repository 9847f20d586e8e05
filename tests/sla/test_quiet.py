"""The quiet period in which a "thank you" does not reopen."""

from datetime import timedelta

import msgspec
import pytest
from tests.sla.desk import Ticket, at, promise

from sla import (
    Closed,
    CustomerReplied,
    Opened,
    Policy,
    PolicyError,
    Reopened,
    Solved,
    StatusChanged,
    Target,
    TermsChanged,
    Versioned,
    choose,
    reopens,
)


def solved(quiet: str | None) -> Ticket:
    ticket = Ticket(promise("resolution", "PT8H", quiet=quiet))
    ticket.hears(Opened(at("mon 08:00")), Solved(at("mon 16:45")))
    return ticket


@pytest.mark.parametrize(
    ("quiet", "when", "expected"),
    [
        ("PT1H", "mon 16:45", False),
        ("PT1H", "mon 17:44:59", False),  # the office is closed: quiet is real time
        ("PT1H", "mon 17:45", True),  # half-open, like every period
        ("PT0S", "mon 16:45", True),
        (None, "mon 16:45", True),
    ],
)
def test_a_message_in_the_quiet_period_does_not_reopen(
    quiet: str | None, when: str, *, expected: bool
) -> None:
    ticket = solved(quiet)
    assert reopens(ticket.clocks, ticket.terms, at(when)) == expected


@pytest.mark.parametrize("status", ["new", "open", "pending", "closed"])
def test_only_a_solved_ticket_reopens(status: str) -> None:
    ticket = solved(None)
    ticket.hears(Closed(at("mon 17:00")) if status == "closed" else Reopened(at("mon 17:00"), status))
    assert not reopens(ticket.clocks, ticket.terms, at("fri 17:00"))


def test_the_quiet_period_counts_from_the_first_solving_not_from_its_repetition() -> None:
    ticket = solved("PT1H")
    ticket.hears(StatusChanged(at("mon 17:30"), "solved"))
    assert reopens(ticket.clocks, ticket.terms, at("mon 17:45"))
    ticket.hears(Reopened(at("mon 18:00")), Solved(at("mon 18:30")))
    assert not reopens(ticket.clocks, ticket.terms, at("mon 19:00"))


def test_a_message_kept_quiet_starts_no_clock_and_changes_none() -> None:
    ticket = solved("PT1H")
    before = ticket.clocks.each
    ticket.hears(CustomerReplied(at("mon 17:00")))
    assert ticket.clocks.each == before


def test_other_terms_may_be_less_quiet() -> None:
    ticket = solved("PT48H")
    other = solved(None).terms
    ticket.hears(TermsChanged(at("mon 17:00"), other))
    assert reopens(ticket.clocks, other, at("mon 17:01"))


def test_the_quiet_period_comes_from_the_policys_resolution() -> None:
    policy = Policy(key="p", order=1, targets=(Target(metric="resolution", budget="PT8H", quiet="PT30M"),))
    [chosen] = choose([Versioned(policy, 1)], {}, {}, {}).terms.promises
    assert chosen.quiet == "PT30M"


@pytest.mark.parametrize(("metric", "quiet"), [("first_response", "PT1H"), ("resolution", "P1D")])
def test_a_quiet_period_of_days_or_of_another_metric_is_refused(metric: str, quiet: str) -> None:
    document = {"key": "p", "order": 1, "targets": [{"metric": metric, "budget": "PT1H", "quiet": quiet}]}
    with pytest.raises(PolicyError) as refused:
        msgspec.convert(document, Policy)
    assert [fault.pointer for fault in refused.value.faults] == ["/targets/0/quiet"]


def test_clocks_kept_before_there_were_quiet_periods_reopen() -> None:
    ticket = solved("PT1H")
    older = msgspec.structs.replace(ticket.clocks, solved_at=None)
    assert reopens(older, ticket.terms, at("mon 16:50"))
    assert timedelta(hours=8) == ticket.clock("resolution").used + timedelta(minutes=15)
