"""What is used, left, close and due, for budgets of time and of days alike."""

from datetime import timedelta

import pytest
from tests.sla.desk import OFFICE, Ticket, at, promise

from sla import Level, Opened, StatusChanged, TimePassed

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("budget", ["PT8H", "P1D"])
def test_a_day_and_its_eight_hours_are_used_paused_and_due_alike(budget: str) -> None:
    half = Level(name="half", share=0.5)
    ticket = Ticket(promise("resolution", budget, levels=(half,), at_risk=0.75))
    ticket.hears(Opened(at("mon 16:00")), StatusChanged(at("tue 09:00"), "pending"))
    paused = ticket.clock("resolution")
    assert (paused.used, paused.left_at(at("tue 10:00"), OFFICE), paused.due_at) == (2 * HOUR, 6 * HOUR, None)
    ticket.hears(StatusChanged(at("tue 11:00"), "open"))
    assert ticket.clock("resolution").due_at == at("wed 09:00"), "two open hours after Tuesday 16:00"
    ticket.waits_until("thu 08:00")
    assert [event.occurred_at for event in ticket.said("at_risk")] == [at("tue 16:00")]
    assert [event.occurred_at for event in ticket.said("escalation_due")] == [at("tue 14:00")]
    assert ticket.clock("resolution").left_at(at("wed 12:00"), OFFICE) == -3 * HOUR


def test_what_is_left_is_told_while_running_too() -> None:
    ticket = Ticket(promise("resolution", "P1DT1H"))
    ticket.hears(Opened(at("mon 08:00")), TimePassed(at("mon 09:00")))
    clock = ticket.clock("resolution")
    assert (clock.budget, clock.left_at(at("mon 13:30"), OFFICE)) == (9 * HOUR, 4.5 * HOUR)
