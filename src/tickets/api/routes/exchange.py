"""`/v1/exchange/…`: telephone systems report calls in their own words, at a URL that nobody can guess."""

from typing import Annotated, Any
from urllib.parse import parse_qsl

from litestar import Request, get, post
from litestar.params import FromPath, HeaderParameter
from msgspec import Struct

from tickets.api.auth import PUBLIC, needs
from tickets.api.document import accepts
from tickets.api.idempotency import NAMED_BY_SENDER
from tickets.api.parameters import ANY_QUERY
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.application.arrivals.receive import Envelope
from tickets.domain.errors import NotFound
from tickets.intake import Line, told_by
from tickets.observability.logs import CORRELATION_ID

_TAGS = ["Intake"]
_BODIES = {"application/x-www-form-urlencoded": dict[str, str], "application/json": dict[str, object]}
_FORM = "application/x-www-form-urlencoded"


class OwnUrl(Struct, frozen=True):
    """Where the exchange of a hotline posts to; whoever knows it can report calls."""

    url: str


@get("/v1/hotlines/{line:str}/url", opt=needs("admin"), tags=_TAGS, operation_id="getHotlineUrl")
async def get_hotline_url(line: FromPath[str], parts: FromParts) -> OwnUrl:
    """The URL to enter in the telephone system."""
    await _line(parts, line)
    return OwnUrl(parts.doors.url(line))


@post(
    "/v1/exchange/{line:str}/{token:str}",
    opt=PUBLIC | ANY_QUERY | NAMED_BY_SENDER | accepts(_BODIES),
    tags=_TAGS,
    operation_id="reportCallByExchange",
    status_code=204,
)
async def report_by_post(
    line: FromPath[str],
    token: FromPath[str],
    request: Request[Any, Any, Any],
    parts: FromParts,
    signature: Annotated[str, HeaderParameter(name="X-Twilio-Signature")] = "",
) -> None:
    """A telephone system reports a call; what it said is kept whatever it means."""
    body = await request.body()
    media_type = request.headers.get("content-type", _FORM)
    query = request.scope["query_string"]
    await _report(
        parts, line, token, (body or query, media_type if body else _FORM), query.decode("latin-1"), signature
    )


@get(
    "/v1/exchange/{line:str}/{token:str}",
    opt=PUBLIC | ANY_QUERY,
    tags=_TAGS,
    operation_id="reportCallByQuery",
    status_code=204,
)
async def report_by_get(
    line: FromPath[str], token: FromPath[str], request: Request[Any, Any, Any], parts: FromParts
) -> None:
    """The same in a query string, for exchanges that can do no more."""
    query = request.scope["query_string"]
    await _report(parts, line, token, (query, _FORM), query.decode("latin-1"), "")


async def _report(
    parts: Parts, key: str, token: str, said: tuple[bytes, str], query: str, signature: str
) -> None:
    if not parts.doors.opens(key, token):
        raise Problem(401, "This is not the URL of a hotline; GET /v1/hotlines/{line}/url shows it.")
    line = await _line(parts, key)
    body, media_type = said
    if line.exchange is None:
        raise NotFound(f"the hotline {key!r} names no exchange")
    if line.exchange == "twilio":
        pairs = [] if body == query.encode("latin-1") else _pairs(body)
        if not parts.doors.signed(line, query, pairs, signature):
            raise Problem(
                403, "X-Twilio-Signature does not fit; see TICKETS_PUBLIC_URL and the line's secret_env."
            )
    envelope = Envelope(
        id=parts.new_id(),
        channel="hotline",
        account=key,
        media_type=told_by(line.exchange, media_type),
        body=body,
        received_at=parts.now(),
    )
    desk = await parts.house.desks.current()
    await parts.porter.receive(envelope, desk, CORRELATION_ID.get())


def _pairs(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


async def _line(parts: Parts, key: str) -> Line:
    line = (await parts.house.desks.current()).hotline(key)
    if line is None:
        raise NotFound(f"there is no hotline {key!r}")
    return line


ROUTES = (get_hotline_url, report_by_post, report_by_get)
