"""What is counted when a change is committed, and which bells it rings."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from tickets.domain.ticket import Change, Happened, Ticket
from tickets.observability.metrics import Metrics
from tickets.worker.counting import Counting

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOBODY = UUID(int=0)
NEW = Ticket(
    id=NOBODY,
    channel="form",
    source="web",
    account="warranty",
    subject="x",
    customer_id=NOBODY,
    opened_at=NOW,
    updated_at=NOW,
    waiting_since=NOW,
)


def told(change: Change) -> dict[str, float]:
    """The samples of the product's own metrics that are not zero, after one change."""
    metrics = Metrics()
    Counting(metrics, lambda **_: None, lambda: None).changed(change)
    ours = (
        sample
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name.startswith("tickets_") and not sample.name.endswith(("_bucket", "_created"))
    )
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for sample in ours
        if sample.value
    }


def sla(kind: str, late_by: timedelta = timedelta(0), **data: object) -> Happened:
    """Something the promise engine said."""
    data = {"metric": "resolution", **data}
    return Happened(type=f"sla.{kind}", actor="sla", occurred_at=NOW, detected_at=NOW + late_by, data=data)


def test_an_opened_ticket_counts_for_its_channel() -> None:
    assert told(Change(before=None, after=NEW, now=NOW)) == {"tickets_opened_total form": 1}


def test_an_assignment_is_timed_from_when_the_ticket_began_to_wait() -> None:
    given = replace(NEW, assignee="lan", waiting_since=None)
    assert told(Change(before=NEW, after=given, now=NOW + timedelta(minutes=2))) == {
        "tickets_assignment_seconds_count": 1,
        "tickets_assignment_seconds_sum": 120,
    }


def test_a_breach_is_counted_once_with_how_late_it_was_noticed() -> None:
    events = (sla("breached", timedelta(seconds=3)), sla("fulfilled", late=True))
    assert told(Change(before=NEW, after=NEW, now=NOW, happened=events)) == {
        "tickets_clocks_total resolution breached": 1,
        "tickets_lateness_seconds_count": 1,
        "tickets_lateness_seconds_sum": 3,
    }


def test_a_promise_kept_is_met() -> None:
    change = Change(before=NEW, after=NEW, now=NOW, happened=(sla("fulfilled", late=False),))
    assert told(change) == {"tickets_clocks_total resolution met": 1}


def test_an_alert_counts_for_its_metric_and_level() -> None:
    data: dict[str, object] = {"metric": "resolution", "level": "lead"}
    raised = Happened(type="alert_raised", actor="sla", occurred_at=NOW, detected_at=NOW, data=data)
    counted = told(Change(before=NEW, after=NEW, now=NOW, happened=(raised,)))
    assert counted["tickets_alerts_total resolution lead"] == 1


def test_an_alert_nobody_hears_counts_as_unheard() -> None:
    data: dict[str, object] = {"metric": "resolution", "level": "lead", "unheard": True}
    raised = Happened(type="alert_raised", actor="sla", occurred_at=NOW, detected_at=NOW, data=data)
    died = Happened(
        type="delivery_dead", actor="outbox", occurred_at=NOW, detected_at=NOW, data={"unheard": True}
    )
    counted = told(Change(before=NEW, after=NEW, now=NOW, happened=(raised, died)))
    assert counted["tickets_alerts_unheard_total"] == 2
