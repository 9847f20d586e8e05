"""Counts what is committed, and rings for what it makes worth while."""

from collections.abc import Callable

from tickets.domain.ticket import Change, Happened
from tickets.observability.metrics import Metrics


class Counting:
    """The `Observer` of a process: metrics, and the bells of its ticker and relay.

    `listened_to`: whatever happens to a ticket may have to leave, because somebody hears of events.
    """

    def __init__(
        self,
        metrics: Metrics,
        waiting: Callable[..., object],
        outbox: Callable[[], object],
        listened_to: Callable[[], bool] = lambda: False,
    ) -> None:
        self.metrics = metrics
        self.waiting = waiting
        self.outbox = outbox
        self.listened_to = listened_to

    def changed(self, change: Change) -> None:
        """A change was committed."""
        before, after = change.before, change.after
        if before is None:
            self.metrics.opened.labels(after.channel).inc()
        if after.assignee is not None and before is not None and before.waiting_since is not None:
            waited = (change.now - before.waiting_since).total_seconds()
            self.metrics.assignment.observe(max(0.0, waited))
        for line in change.happened:
            self._count(line)
        if change.outgoing or (change.happened and self.listened_to()):
            self.outbox()
        if any(units < 0 for units in change.capacity.values()):
            self.waiting(everyone=True)
        elif after.waiting_since is not None and after.route_at == change.now:
            self.waiting()

    def called(self, direction: str, outcome: str) -> None:
        """A call came to an outcome."""
        self.metrics.calls.labels(direction, outcome).inc()

    def withdrew(self, pages: int) -> None:
        """So many pages were withdrawn with their alerts."""
        self.metrics.pages_unsent.labels("withdrawn").inc(pages)

    def _count(self, line: Happened) -> None:
        if line.data.get("unheard"):
            self.metrics.alerts_unheard.inc()
        metric = str(line.data.get("metric", ""))
        match line.type:
            case "sla.breached":
                self.metrics.clocks.labels(metric, "breached").inc()
            case "sla.fulfilled" if not line.data.get("late"):
                self.metrics.clocks.labels(metric, "met").inc()
            case "alert_raised":
                self.metrics.alerts.labels(metric, str(line.data.get("level", ""))).inc()
            case "offered" | "offer_accepted" | "offer_declined" | "offer_expired" | "offer_withdrawn":
                self.metrics.offers.labels(line.type.removeprefix("offer_")).inc()
                return
            case "routing.unroutable" | "routing.refused" | "routing.not_reacted":
                self.metrics.routing_failures.labels(line.type.removeprefix("routing.")).inc()
                return
            case name if name.startswith("escalation.") and "cause" in line.data:
                kind = str(line.data["cause"]).partition(":")[0]
                self.metrics.escalation_runs.labels(kind, name.removeprefix("escalation.")).inc()
                return
            case "handed_back":
                self.metrics.handed_back.labels(str(line.data["why"])).inc()
                return
            case _:
                return
        if line.type != "sla.fulfilled":
            self.metrics.lateness.observe((line.detected_at - line.occurred_at).total_seconds())
