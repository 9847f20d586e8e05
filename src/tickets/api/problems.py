"""Every refusal and failure is one `application/problem+json` document (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException
from msgspec import Struct

from tickets.application.object_store import ObjectGone
from tickets.observability.logs import CORRELATION_ID
from tickets.persistence.outages import OUTAGES, in_words

MEDIA_TYPE = "application/problem+json"
_HUNG_UP = "client disconnected prematurely"  # Litestar's own words, and a 500 to it

_log = structlog.get_logger(__name__)


class Fault(Struct, frozen=True, omit_defaults=True):
    """One thing wrong with a request: where it is, and what is wrong there.

    `pointer` is an RFC 6901 JSON pointer into the body (`""` is the whole body); `parameter` names a query,
    path or header parameter instead.
    """

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class ProblemDocument(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is sent. `type` is `about:blank` where the status says it all (RFC 9457 §4.2.1)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str | None = None
    errors: tuple[Fault, ...] = ()
    correlation_id: str | None = None


class Problem(Exception):  # noqa: N818 - it carries the answer, and the word is the RFC's
    """An answer other than success, raised from anywhere below a route.

    `kind` is a stable word programs may tell problems of one status apart by; it becomes the document's
    `type`, `urn:tickets:problem:<kind>`.
    """

    def __init__(
        self,
        status: int,
        detail: str | None = None,
        *,
        kind: str | None = None,
        errors: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail or HTTPStatus(status).phrase)
        self.status = status
        self.detail = detail
        self.kind = kind
        self.errors = tuple(errors)
        self.headers = dict(headers or {})

    @property
    def document(self) -> ProblemDocument:
        """The document this problem is sent as."""
        return ProblemDocument(
            type=f"urn:tickets:problem:{self.kind}" if self.kind else "about:blank",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            errors=self.errors,
            correlation_id=CORRELATION_ID.get(),
        )


def to_response(_request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """The answer to whatever a request ended in. Only what we did not foresee is logged as an error."""
    problem = understood(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", exc_info=error)
    elif problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        _log.warning("request refused", reason=repr(error))
    return Response(
        msgspec.json.encode(problem.document),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def understood(error: Exception) -> Problem:
    """The problem an exception of ours, of Litestar or of the database comes to; 500 for any other."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Problem(error.status_code, _detail(error), headers=error.headers)
    if isinstance(error, InternalServerException) and error.detail == _HUNG_UP:
        return Problem(400, "The request ended before its body did.")
    return _of_storage(error)


def _of_storage(error: Exception) -> Problem:
    if isinstance(error, ObjectGone):
        return Problem(410, "What was kept under it is no longer in the object store.")
    if isinstance(error, OUTAGES):
        return Problem(503, in_words(error), headers={"Retry-After": "1"})
    return Problem(500)


def _detail(error: HTTPException) -> str | None:
    phrase = HTTPStatus(error.status_code).phrase
    allowed = {name.lower(): value for name, value in (error.headers or {}).items()}.get("allow")
    if allowed is not None:
        return f"This address takes {allowed}."
    return None if error.detail.casefold() == phrase.casefold() else error.detail
