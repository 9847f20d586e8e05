"""Who calls a form: a page on somebody's website, a browser that sends an HTML form, or a server."""

from typing import Any, Final

from litestar import Request, Response
from litestar.types import ExceptionHandlersMap

from tickets.api.form_page import PAGE_HEADERS, fault_page, page_language, thanks_page
from tickets.api.origins import cors
from tickets.api.parts import Parts
from tickets.api.problems import to_response, understood
from tickets.api.refusals import REFUSALS, problem_of
from tickets.domain.errors import NotFound
from tickets.intake import Form

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
    request.state[_GRANTED] = cors(request.headers.get("origin"), form.origins, parts.public_url)
    return form


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


def refuse_caller(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Any refusal, readable by the page that asked, or by the person who sent the form."""
    problem = problem_of(error) if type(error) in REFUSALS else None
    answer: Response[Any] = to_response(request, problem or error)
    if wants_page(request):
        shown = problem or understood(error)
        page = fault_page(request.state.get(_FORM), request.state.get(_LANGUAGE, "vi"), shown)
        headers = {**answer.headers, **PAGE_HEADERS}
        answer = Response(page, status_code=answer.status_code, media_type="text/html", headers=headers)
    answer.headers.update(granted(request))
    return answer


FORM_REFUSALS: ExceptionHandlersMap = dict.fromkeys([*REFUSALS, Exception], refuse_caller)
"""For the `exception_handlers` of the routes of forms."""
