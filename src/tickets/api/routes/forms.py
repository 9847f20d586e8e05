"""`/v1/forms` and `/v1/intake/forms`: what a form asks, and its answers coming in."""

from typing import Any

from litestar import Request, Response, get, post, route
from litestar.enums import HttpMethod
from litestar.openapi import ResponseSpec
from litestar.params import FromPath

from tickets.adapters.system import random_bytes
from tickets.api.auth import PUBLIC
from tickets.api.document import HIDDEN, accepts
from tickets.api.form_callers import (
    FORM_REFUSALS,
    HTML_TOO,
    form_asked,
    granted,
    is_unproven,
    keep_to_rate,
    thank,
    wants_page,
)
from tickets.api.origins import preflight
from tickets.api.parameters import ANY_QUERY
from tickets.api.parts import FromParts
from tickets.api.routes.receiving import BEFORE, Received, receive
from tickets.application.arrivals.arrive import KeyReused
from tickets.domain.errors import NotFound
from tickets.intake import Challenge, Unreadable, challenge_of_body, make_challenge, schema_of_form

_TAGS = ["Intake"]
_INTAKE, _SCHEMA = "/v1/intake/forms/{form:str}", "/v1/forms/{form:str}/schema"
_CHALLENGE = "/v1/forms/{form:str}/challenge"
_FORM = {
    "application/json": dict[str, object],
    "application/x-www-form-urlencoded": dict[str, str],
    "multipart/form-data": bytes,
}

_LED_ON = {303: ResponseSpec(None, description="Taken in; to a browser that sent a plain HTML form.")}


@post(
    _INTAKE,
    opt=PUBLIC | ANY_QUERY | HTML_TOO | accepts(_FORM),
    tags=_TAGS,
    operation_id="submitForm",
    responses=BEFORE | _LED_ON,
    dto=None,
    exception_handlers=FORM_REFUSALS,
)
async def submit_form(
    form: FromPath[str], request: Request[Any, Any, Any], parts: FromParts
) -> Response[Received]:
    """A form is submitted: JSON, urlencoded, or multipart with files. No key is needed.

    A browser that sends a plain HTML form is led on to the form's `redirect`, or shown a page.
    """
    asked = await form_asked(parts, request, form)
    await keep_to_rate(parts, request, asked)
    sent = request.headers.get("content-type", "")
    proven = challenge_of_body(await request.body(), sent) if asked.proof else None
    try:
        answer = await receive(parts, request, "form", form, proven)
    except (Unreadable, KeyReused) as refusal:
        if asked.proof and is_unproven(refusal):
            parts.metrics.forms_refused.labels(form, "proof").inc()
        raise
    if wants_page(request):
        return thank(request, asked, answer.content.number)
    answer.headers.update(granted(request))
    return answer


@get(_SCHEMA, opt=PUBLIC, tags=_TAGS, operation_id="getFormSchema", exception_handlers=FORM_REFUSALS)
async def get_form_schema(
    form: FromPath[str], request: Request[Any, Any, Any], parts: FromParts
) -> Response[dict[str, object]]:
    """The fields of a form, as JSON Schema, for whoever shows it."""
    found = await form_asked(parts, request, form)
    return Response(schema_of_form(found), headers=granted(request))


@get(_CHALLENGE, opt=PUBLIC, tags=_TAGS, operation_id="getFormChallenge", exception_handlers=FORM_REFUSALS)
async def get_form_challenge(
    form: FromPath[str], request: Request[Any, Any, Any], parts: FromParts
) -> Response[Challenge]:
    """A challenge of a form that asks for proof of work, as ALTCHA takes it; good for an hour and once."""
    found = await form_asked(parts, request, form)
    if not found.proof:
        raise NotFound(f"the form {form!r} asks for no proof")
    made = make_challenge(form, parts.porter.secret, parts.new_id().bytes + random_bytes(8), parts.now())
    return Response(made, headers=granted(request) | {"Cache-Control": "no-store"})


@route(
    [_INTAKE, _SCHEMA, _CHALLENGE],
    http_method=[HttpMethod.OPTIONS],
    opt=PUBLIC | ANY_QUERY | HIDDEN,
    status_code=204,
    exception_handlers=FORM_REFUSALS,
)
async def ask_first(form: FromPath[str], request: Request[Any, Any, Any], parts: FromParts) -> Response[None]:
    """A browser asks whether a page may (preflight)."""
    await form_asked(parts, request, form)
    methods = "POST, OPTIONS" if request.url.path.startswith("/v1/intake/") else "GET, OPTIONS"
    return Response(None, status_code=204, headers=preflight(granted(request), methods))


ROUTES = (ask_first, submit_form, get_form_schema, get_form_challenge)
"""OPTIONS first, or Litestar answers them its own way."""
