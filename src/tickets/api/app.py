"""The HTTP application: routes in their frame."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from litestar import Litestar, Request
from litestar.connection import ASGIConnection
from litestar.di import Provide
from litestar.exceptions import ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, ControllerRouterHandler, Receive, Scope, Send

from tickets.api.auth import Authorization
from tickets.api.correlation import with_correlation
from tickets.api.http_metrics import with_http_metrics
from tickets.api.json_body import StrictJson
from tickets.api.parameters import refuse_strange, refuse_unreadable
from tickets.api.parts import Parts
from tickets.api.problems import Fault, Problem, to_response
from tickets.api.refusals import REFUSALS
from tickets.api.routes import (
    agents,
    calls,
    customer_data,
    customer_merging,
    customers,
    describing,
    desk,
    docs,
    escalations,
    exchange,
    files,
    forms,
    health,
    intake,
    jobs,
    keys,
    mail_stop,
    messages,
    offers,
    on_call,
    outbox,
    posted_mail,
    pull,
    reports,
    routing,
    run_links,
    sla,
    ticket_changes,
    ticket_merging,
    tickets,
    webhooks,
)

ROUTES: tuple[ControllerRouterHandler, ...] = (
    *health.ROUTES,
    *docs.ROUTES,
    *keys.ROUTES,
    *tickets.ROUTES,
    *ticket_changes.ROUTES,
    *describing.ROUTES,
    *ticket_merging.ROUTES,
    *customers.ROUTES,
    *customer_merging.ROUTES,
    *customer_data.ROUTES,
    *sla.ROUTES,
    *escalations.ROUTES,
    *run_links.ROUTES,
    *routing.ROUTES,
    *pull.ROUTES,
    *offers.ROUTES,
    *on_call.ROUTES,
    *reports.ROUTES,
    *jobs.ROUTES,
    *forms.ROUTES,
    *intake.ROUTES,
    *files.ROUTES,
    *posted_mail.ROUTES,
    *mail_stop.ROUTES,
    *exchange.ROUTES,
    *messages.ROUTES,
    *calls.ROUTES,
    *agents.ROUTES,
    *desk.ROUTES,
    *outbox.ROUTES,
    *webhooks.ROUTES,
)
"""Every route there is."""


_PARTS, _AUTHORIZATION = "tickets.parts", "tickets.authorization"


def create_app(parts: Parts, routes: Sequence[ControllerRouterHandler] = ROUTES) -> ASGIApp:
    """The application over its parts. Whoever calls it starts and closes the parts."""
    app, authorization = _routed(tuple(routes), parts.largest_body), Authorization(parts.api_keys, parts.now)

    async def with_parts(scope: Scope, receive: Receive, send: Send) -> None:
        scope[_PARTS] = parts  # type: ignore[literal-required]
        scope[_AUTHORIZATION] = authorization  # type: ignore[literal-required]
        await app(scope, receive, send)

    return with_correlation(with_http_metrics(with_parts, parts.metrics), parts.new_id)


@lru_cache(maxsize=4)  # reading every signature takes a third of a second: once, whatever the parts
def _routed(routes: tuple[ControllerRouterHandler, ...], largest_body: int) -> Litestar:
    return Litestar(
        route_handlers=list(routes),
        dependencies={"parts": Provide(_parts_of, sync_to_thread=False)},
        guards=[_authorize],
        before_request=refuse_unusable,
        exception_handlers={**REFUSALS, ValidationException: refuse_unreadable, Exception: to_response},
        dto=StrictJson,
        return_dto=None,
        request_max_body_size=largest_body,
        openapi_config=None,
        logging_config=None,
    )


def _parts_of(scope: Scope) -> Parts:
    parts: Parts = scope[_PARTS]  # type: ignore[literal-required]
    return parts


async def _authorize(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    await connection.scope[_AUTHORIZATION](connection, handler)  # type: ignore[literal-required]


async def refuse_unusable(request: Request[Any, Any, Any]) -> None:
    """Turn away what no route can use: NUL and unknown parameters (400), an Accept we cannot meet (406)."""
    query = request.scope["query_string"]
    if "\0" in request.url.path or b"%00" in query:
        fault = Fault("must not contain the NUL character", parameter="path or query")
        raise Problem(400, "A parameter of the request cannot be used.", errors=[fault])
    if query:
        refuse_strange(request)
    produced = str(request.route_handler.media_type or "application/json")
    more = ["text/html"] if request.route_handler.opt.get("html_too") else []
    offered = [produced, "application/problem+json", *more]
    if "accept" in request.headers and not request.accept.best_match(offered):
        raise Problem(406, f"This can be had as {produced} only.")
