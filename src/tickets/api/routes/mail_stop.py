"""`/v1/mail/stop`: the link in every receipt; whoever follows it gets no more of them."""

from html import escape
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from tickets.api.auth import PUBLIC
from tickets.api.document import HIDDEN
from tickets.api.parts import FromParts
from tickets.application.answers.stopping import address_of_token
from tickets.domain.errors import NotFound

_OPT = {**PUBLIC, **HIDDEN}
_ONLY_THIS = {"Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'"}
_ASK = (
    "<!doctype html><title>{address}</title><form method=post><p>{address}</p><p><button>"
    "Ngừng gửi thư xác nhận · Stop receipts</button></p></form>"
)
_DONE = "<!doctype html><title>{address}</title><p>{address}: đã ngừng · stopped</p>"


@get("/v1/mail/stop/{token:str}", opt=_OPT, media_type="text/html")
async def ask_to_stop(token: FromPath[str], parts: FromParts) -> Response[str]:
    """Ask before doing it: mail scanners follow links."""
    return _page(_ASK, _proven(token, parts))


@post(
    "/v1/mail/stop/{token:str}",
    opt=_OPT,
    media_type="text/html",
    status_code=200,
)
async def stop_receipts(
    token: FromPath[str],
    request: Request[Any, Any, Any],  # noqa: ARG001 - its body says nothing (RFC 8058)
    parts: FromParts,
) -> Response[str]:
    """Send no more receipts to the address the link was sent to (one click, RFC 8058)."""
    address = _proven(token, parts)
    await parts.addresses.stop(address, parts.now())
    return _page(_DONE, address)


def _proven(token: str, parts: FromParts) -> str:
    address = address_of_token(token, parts.porter.secret)
    if address is None:
        raise NotFound("this link was never sent")
    return address


def _page(text: str, address: str) -> Response[str]:
    return Response(text.format(address=escape(address)), media_type="text/html", headers=_ONLY_THIS)


ROUTES = (ask_to_stop, stop_receipts)
