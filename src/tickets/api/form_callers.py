"""Who calls a form: a page on somebody's website, a browser that sends an HTML form, or a server."""

import hmac
import math
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from tickets.api.form_page import PAGE_HEADERS, fault_page, page_language, thanks_page
from tickets.api.origins import cors
from tickets.api.parts import Parts
from tickets.api.problems import Problem, to_response, understood
from tickets.api.refusals import REFUSALS, problem_of
from tickets.application.arrivals.arrive import KeyReused
from tickets.domain.errors import NotFound
from tickets.intake import Fault, Form, Unreadable, read_rate
from tickets.intake.proof import FIELD
from tickets.intake.unreadable import pointer
from tickets.persistence.api_keys import PREFIX

HTML_TOO: Final[dict[str, object]] = {"html_too": True}
"""The `opt` of a route that answers people in HTML as well."""

_GRANTED: Final = "granted"
_FORM: Final = "form"
_LANGUAGE: Final = "language"
_PLAIN = ("application/x-www-form-urlencoded", "multipart/form-data")


async def form_asked(parts: Parts, request: Request[Any, Any, Any], key: str) -> Form:
    """The form of a request, whose answer may then be read where it was asked.

    Raises:
        NotFound: there is no such form.
        Problem: 403, a page of a website the form does not list.
    """
    desk = await parts.house.desks.current()
    form = desk.form(key)
    if form is None:
        raise NotFound(f"there is no form {key!r}")
    request.state[_FORM], request.state[_LANGUAGE] = form, page_language(form, desk.desk.language)
    try:
        request.state[_GRANTED] = cors(request.headers.get("origin"), form.origins, parts.public_url)
    except Problem:
        parts.metrics.forms_refused.labels(key, "origin").inc()
        raise
    return form


async def keep_to_rate(parts: Parts, request: Request[Any, Any, Any], form: Form) -> None:
    """Count one submission of the caller's address. Raises `Problem` 429 beyond the form's rate.

    Whoever shows an API key that may take requests in speaks for many people and is not counted.
    """
    if form.rate is None or await _speaks_for_many(parts, request):
        return
    sender = sender_of(request.client.host if request.client else "", parts.secret)
    wait = await parts.form_rates.take(form.key, sender, read_rate(form.rate), parts.now())
    if wait is not None:
        parts.metrics.forms_refused.labels(form.key, "rate").inc()
        seconds = math.ceil(wait.total_seconds())
        detail = "This address has sent this form too often."
        raise Problem(429, detail, kind="rate", headers={"Retry-After": str(seconds)})


def sender_of(host: str, secret: bytes) -> bytes:
    """A keyed digest of an address, so that none is kept; of IPv6, the /64 that one household has."""
    try:
        address: object = ip_address(host)
    except ValueError:
        address = host
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Network((address, 64), strict=False)
    return hmac.digest(secret, f"sender {address}".encode(), "sha256")[:16]


async def _speaks_for_many(parts: Parts, request: Request[Any, Any, Any]) -> bool:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.startswith(PREFIX):
        return False
    key = await parts.api_keys.find(secret.strip())
    return key is not None and key.valid(parts.now()) and key.allows("intake:write")


def granted(request: Request[Any, Any, Any]) -> dict[str, str]:
    """The headers that let a page read the answer; none before its form was asked for."""
    found: dict[str, str] = request.state.get(_GRANTED, {})
    return found


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a browser sent a plain HTML form, whose answer a person looks at."""
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return sent in _PLAIN and request.accept.best_match(["application/json", "text/html"]) == "text/html"


def thank(request: Request[Any, Any, Any], form: Form, number: int | None) -> Response[Any]:
    """The answer to a person: 303 to the form's `redirect`, or a page of ours. Sent twice it is the same."""
    if form.redirect is not None:
        return Response(None, status_code=303, headers={"Location": form.redirect, **granted(request)})
    page = thanks_page(form, request.state[_LANGUAGE], number)
    return Response(page, status_code=200, media_type="text/html", headers=PAGE_HEADERS | granted(request))


def is_unproven(refusal: Unreadable | KeyReused) -> bool:
    """Whether a form that asks for proof was refused for want of it, or because it had served before."""
    return isinstance(refusal, KeyReused) or any(each.pointer == pointer(FIELD) for each in refusal.faults)


def refuse_caller(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any refusal, readable by the page that asked, or by the person who sent the form."""
    form: Form | None = request.state.get(_FORM)
    if isinstance(error, KeyReused) and form is not None and form.proof:
        error = Unreadable([Fault(pointer(FIELD), "was used for another request")])
    problem = problem_of(error) if type(error) in REFUSALS else None
    answer: Response[Any] = to_response(request, problem or error)
    if wants_page(request):
        shown = problem or understood(error)
        page = fault_page(form, request.state.get(_LANGUAGE, "vi"), shown)
        headers = {**answer.headers, **PAGE_HEADERS}
        answer = Response(page, status_code=answer.status_code, media_type="text/html", headers=headers)
    answer.headers.update(granted(request))
    return answer


FORM_REFUSALS: ExceptionHandlersMap = dict.fromkeys([*REFUSALS, Exception], refuse_caller)
"""For the `exception_handlers` of the routes of forms."""
