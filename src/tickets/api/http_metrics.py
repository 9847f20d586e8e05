"""Counts, times and logs every request once its answer has left, under the route's template.

It stands outside of Litestar, so what is refused before a route (404, 405) or by a guard (401) is counted
with the status that was sent. Requests without a route share the template `unmatched`: a label value per path
that somebody tries would fill Prometheus.
"""

import time

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tickets.observability.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNSEEN = frozenset({"/livez", "/readyz", "/metrics"})  # asked every few seconds: counted, not logged
_FAILED = 500


def with_http_metrics(app: ASGIApp, metrics: Metrics) -> ASGIApp:
    """`app`, seen by `tickets_http_*` and one log line a request."""
    log = structlog.get_logger("tickets.http").bind()  # once: a lazy logger is set up anew for every line

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        started = time.perf_counter()
        status = _FAILED

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, note_status)
        finally:
            seconds = time.perf_counter() - started
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = scope.get("path_template") or "unmatched"
            metrics.requests.labels(method, route, status).inc()
            metrics.request_seconds.labels(method, route).observe(seconds)
            if route not in _UNSEEN or status >= _FAILED:
                log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 2))

    return measured
