"""The registry of one application, as Prometheus reads it."""

from datetime import timedelta

from tickets.observability.metrics import Metrics


def test_gauges_show_what_there_is_and_zero_for_the_rest() -> None:
    metrics = Metrics()
    metrics.show_backlog({"open": 3}, waiting=2, alerts_open=1, stuck=1)
    metrics.show_backlog({"new": 1}, waiting=0, alerts_open=0, stuck=0)
    metrics.show_outbox(pending=4, dead=1, oldest=timedelta(seconds=9))
    metrics.show_agents({"online": 2, "away": 1})
    metrics.show_agents({"online": 2})
    text = metrics.exposition().decode()
    for line in (
        'tickets_backlog{status="open"} 0.0',
        'tickets_backlog{status="new"} 1.0',
        'tickets_agents{presence="online"} 2.0',
        'tickets_agents{presence="away"} 0.0',
        "tickets_waiting 0.0",
        "tickets_stuck 0.0",
        'tickets_routing_failures_total{cause="unroutable"} 0.0',
        'tickets_outbox_size{state="dead"} 1.0',
        "tickets_outbox_age_seconds 9.0",
    ):
        assert line in text.splitlines()


def test_two_applications_share_no_metrics() -> None:
    one, other = Metrics(), Metrics()
    one.opened.labels("form").inc()
    assert 'channel="form"' not in other.exposition().decode()


def test_no_label_is_an_id() -> None:
    labels = {label for name in vars(Metrics()).values() for label in getattr(name, "_labelnames", ())}
    assert labels == {
        "channel",
        "presence",
        "why",
        "schedule",
        "direction",
        "outcome",
        "status",
        "metric",
        "form",
        "verdict",
        "level",
        "state",
        "method",
        "route",
        "way",
        "cause",
        "step",
        "doing",
        "alertmanager",
    }
