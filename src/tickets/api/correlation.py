"""Every request has a correlation id: the caller's `X-Correlation-Id` or ours, sent back with the answer."""

import re
from collections.abc import Callable
from uuid import UUID

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from tickets.observability.logs import CORRELATION_ID

HEADER = "X-Correlation-Id"
_HEADER = HEADER.lower().encode()
_ACCEPTED = re.compile(rb"[A-Za-z0-9._:-]{1,64}")


def with_correlation(app: ASGIApp, new_id: Callable[[], UUID]) -> ASGIApp:
    """`app`, with an id around every request, even one that finds no route."""

    async def correlated(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
        correlation_id = given if _ACCEPTED.fullmatch(given) else str(new_id()).encode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (_HEADER, correlation_id)]
            await send(message)

        token = CORRELATION_ID.set(correlation_id.decode())
        try:
            await app(scope, receive, send_with_id)
        finally:
            CORRELATION_ID.reset(token)

    return correlated
