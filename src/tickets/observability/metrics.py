"""Every metric we show. Labels are our words or the desk's, never ids of tickets, customers or agents."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from tickets.domain.words import PRESENCES, STATUSES, WORKING

MEDIA_TYPE = CONTENT_TYPE_LATEST
"""The Content-Type of `Metrics.exposition()`."""

_HTTP_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LATENESS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 1800)
_ASSIGNMENT_SECONDS = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14400, 28800, 86400, 259200)


class Metrics:
    """The metrics of one application, in a registry of its own: two applications share nothing."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        self.opened = self._counter("tickets_opened", "Tickets opened.", "channel")
        self.backlog = self._gauge("tickets_backlog", "Tickets neither solved nor closed.", "status")
        self.waiting = self._gauge("tickets_waiting", "Tickets waiting for an agent.")
        self.assignment = self._histogram(
            "tickets_assignment_seconds", "Time from waiting to assigned.", _ASSIGNMENT_SECONDS
        )
        self.clocks = self._counter(
            "tickets_clocks", "SLA clocks that ended met or breached.", "metric", "verdict"
        )
        self._routing()
        self.lateness = self._histogram(
            "tickets_lateness_seconds",
            "From the instant something became due to the instant we noticed.",
            _LATENESS_SECONDS,
        )
        self._passing_of_time()
        self._escalation()
        self._leaving()
        self._arriving()
        self._keeping()
        self.requests = self._counter(
            "tickets_http_requests", "HTTP requests answered, by route template.", "method", "route", "status"
        )
        self.request_seconds = self._histogram(
            "tickets_http_request_seconds",
            "Time from a request's first byte to its answer's last.",
            _HTTP_SECONDS,
            "method",
            "route",
        )

    def _passing_of_time(self) -> None:
        self.overdue = self._gauge(
            "tickets_overdue_seconds", "How long the oldest due instant has waited for a ticker."
        )
        self.set_aside = self._gauge(
            "tickets_set_aside",
            "Tickets time does not pass on: their turn fails, and is tried again.",
        )
        self.ticker_failures = self._counter(
            "tickets_ticker_failures", "Turns of the ticker that failed, outages of the database apart."
        )
        self.clock_skew = self._gauge(
            "tickets_clock_skew_seconds", "How far this process's clock is ahead of the database's."
        )

    def _arriving(self) -> None:
        self.calls = self._counter("tickets_calls", "Calls by outcome.", "direction", "outcome")
        self.exchanges_away = self._gauge("tickets_exchanges_away", "Asterisks we do not hear.")
        self.forms_refused = self._counter(
            "tickets_forms_refused",
            "Submissions turned away: origin, rate, proof, or trapped.",
            "form",
            "cause",
        )
        self.mail_in = self._counter(
            "tickets_mail_in",
            "Mail at the door: taken, known, refused, deferred (its sender has it), or a connection failed.",
            "way",
            "outcome",
        )

    def _keeping(self) -> None:
        self.objects_failed = self._counter(
            "tickets_objects_failed", "What the object store failed at: put, get or delete.", "doing"
        )
        for doing in ("put", "get", "delete"):  # so that the first is seen to raise it
            self.objects_failed.labels(doing)
        self.objects_swept = self._counter("tickets_objects_swept", "Objects deleted: no row needs them.")
        self.envelopes_dropped = self._counter(
            "tickets_envelopes_dropped", "Raw envelopes dropped after TICKETS_KEEP_ENVELOPES."
        )

    def _leaving(self) -> None:
        self.outbox_size = self._gauge("tickets_outbox_size", "Outbox rows by state.", "state")
        self.outbox_age = self._gauge(
            "tickets_outbox_age_seconds", "Age of the oldest row that must still leave."
        )
        self.deliveries_dead = self._counter(
            "tickets_deliveries_dead", "What could not leave and was given up.", "way"
        )
        for way in ("email", "webhook", "pager", "alertmanager", "zalo", "messenger", "whatsapp", "telegram"):
            # so that the first death is seen to raise it
            self.deliveries_dead.labels(way)
        self.pages_unsent = self._counter(
            "tickets_pages_unsent", "Pages not sent: withdrawn with their alert, or expired.", "why"
        )
        for why in ("withdrawn", "expired"):
            self.pages_unsent.labels(why)
        self.pages_put_off = self._counter(
            "tickets_pages_put_off", "Times a page waited for its recipient's quiet hours to end."
        )
        self.pages_gathered = self._counter(
            "tickets_pages_gathered", "Pages gathered into a digest, because there were too many in an hour."
        )
        self.endpoints = self._gauge(
            "tickets_endpoints", "Endpoints nothing leaves to: open after failures, or disabled.", "state"
        )
        self.endpoint_turns = self._counter(
            "tickets_endpoint_turns",
            "Times an endpoint came to be left alone (open), disabled, or ready again.",
            "way",
            "state",
        )
        for way in ("email", "webhook", "pager", "alertmanager"):
            for state in ("open", "disabled", "ready"):
                self.endpoint_turns.labels(way, state)
        self.alertmanagers = self._gauge(
            "tickets_alertmanager_age_seconds",
            "How long ago an Alertmanager was last told every open alert; +Inf for never.",
            "alertmanager",
        )

    def _escalation(self) -> None:
        self.alerts = self._counter("tickets_alerts", "Alerts raised.", "metric", "level")
        self.alerts_open = self._gauge("tickets_alerts_open", "Alerts nobody acknowledged.")
        self.alerts_unheard = self._counter(
            "tickets_alerts_unheard", "Times an alert was left with nobody who hears."
        )
        self.escalation_runs = self._counter(
            "tickets_escalation_runs",
            "Steps of escalation runs, by the kind of what began them.",
            "cause",
            "step",
        )
        for cause in ("sla", "rule", "manual"):  # so that the first is seen to raise it
            self.escalation_runs.labels(cause, "exhausted")
        self.on_call = self._gauge(
            "tickets_on_call", "Whether somebody is on call: 1, or 0 in a gap.", "schedule"
        )

    def _routing(self) -> None:
        self.agents = self._gauge("tickets_agents", "Agents of the desk by presence.", "presence")
        self.handed_back = self._counter(
            "tickets_handed_back", "Tickets taken from agents who have gone.", "why"
        )
        for why in ("retired", "left_team", "on_leave", "away"):
            self.handed_back.labels(why)
        self.stuck = self._gauge("tickets_stuck", "Tickets waiting that routing has given up on.")
        self.routing_failures = self._counter(
            "tickets_routing_failures",
            "Tickets nobody could ever take, everybody refused, or their assignee did not react to.",
            "cause",
        )
        for cause in ("unroutable", "refused", "not_reacted"):  # so that the first is seen to raise it
            self.routing_failures.labels(cause)
        self.offers = self._counter(
            "tickets_offers", "Offers made to agents, and what became of them.", "step"
        )

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(name, says, labels, registry=self.registry)

    def _gauge(self, name: str, says: str, *labels: str) -> Gauge:
        return Gauge(name, says, labels, registry=self.registry)

    def _histogram(self, name: str, says: str, buckets: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, says, labels, buckets=buckets, registry=self.registry)

    def show_backlog(self, by_status: Mapping[str, int], waiting: int, alerts_open: int, stuck: int) -> None:
        """Set how much there is to do; a status that is not named has none."""
        for status in STATUSES:
            if status in WORKING:
                self.backlog.labels(status).set(by_status.get(status, 0))
        self.waiting.set(waiting)
        self.stuck.set(stuck)
        self.alerts_open.set(alerts_open)

    def show_agents(self, by_presence: Mapping[str, int]) -> None:
        """Set how many agents there are of each presence."""
        for presence in PRESENCES:
            self.agents.labels(presence).set(by_presence.get(presence, 0))

    def show_on_call(self, answered: Mapping[str, bool]) -> None:
        """Set for every schedule whether somebody answers; one that is not named is no more."""
        self.on_call.clear()
        for schedule, somebody in answered.items():
            self.on_call.labels(schedule).set(somebody)

    def count_mail(self, way: str, outcome: str) -> None:
        """Count a mail at the door."""
        self.mail_in.labels(way, outcome).inc()

    def show_outbox(self, pending: int, dead: int, oldest: timedelta) -> None:
        """Set what must still leave, and since when the oldest of it does."""
        self.outbox_size.labels("pending").set(pending)
        self.outbox_size.labels("dead").set(dead)
        self.outbox_age.set(oldest.total_seconds())

    def show_endpoints(self, by_state: Mapping[str, int]) -> None:
        """Set how many endpoints are left alone, and how many are disabled."""
        for state in ("open", "disabled"):
            self.endpoints.labels(state).set(by_state.get(state, 0))

    def show_alertmanagers(self, ages: Mapping[str, float]) -> None:
        """Set how long ago each was told everything, in seconds; one that is not named is no more."""
        self.alertmanagers.clear()
        for key, age in ages.items():
            self.alertmanagers.labels(key).set(age)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
