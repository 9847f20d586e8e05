"""`/docs` for people and `/openapi.json` for programs: what this API can do, without a key."""

from typing import Any

from litestar import Litestar, Request, Response, get

from tickets.api.auth import PUBLIC
from tickets.api.docs_page import page
from tickets.api.document import HIDDEN, Json, describe

_OPT = {**PUBLIC, **HIDDEN}
_ONLY_STYLES = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@get("/docs", opt=_OPT, media_type="text/html")
async def show_docs(request: Request[Any, Any, Any]) -> Response[str]:
    """The API on one page."""
    headers = {"Content-Security-Policy": _ONLY_STYLES}
    return Response(page(_document(request.app)), media_type="text/html", headers=headers)


@get("/openapi.json", opt=_OPT)
async def read_openapi(request: Request[Any, Any, Any]) -> Json:
    """The API as an OpenAPI 3.1 document."""
    return _document(request.app)


def _document(app: Litestar) -> Json:
    if "document" not in app.state:
        app.state.document = describe(app.routes)
    return dict(app.state.document)


ROUTES = (show_docs, read_openapi)
