"""The two ways to an application: straight into its ASGI callable, or over the network."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self, cast
from uuid import UUID

import httpx
import msgspec
from litestar.types import ASGIApp, Scope
from msgspec import Struct

from tickets.replay.requests import Sent


class Answer(Struct, frozen=True):
    """What came back."""

    status: int
    body: bytes

    @property
    def accepted(self) -> bool:
        """Whether it was acknowledged."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the classes of HTTP

    @property
    def ticket(self) -> UUID:
        """The ticket it tells of. Raises `ValueError` when there is none."""
        told = msgspec.json.decode(self.body, type=_Told)
        if (ticket := told.ticket or told.id) is None:
            raise ValueError("the answer names no ticket")
        return ticket


class _Told(Struct):
    ticket: UUID | None = None
    id: UUID | None = None


class Door(Protocol):
    """Takes requests in."""

    async def post(self, sent: Sent) -> Answer:
        """Send one, and wait for its answer."""


class InProcess:
    """The application itself, without a socket: one call a request."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._api_key = api_key

    async def post(self, sent: Sent) -> Answer:
        """Call the application."""
        status = 0
        parts: list[bytes] = []
        bodies = iter([sent.body])

        async def receive() -> Any:  # noqa: ANN401 - an ASGI message
            for body in bodies:
                return {"type": "http.request", "body": body, "more_body": False}
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.append(message.get("body", b""))

        await self._app(self._scope(sent), receive, send)
        return Answer(status, b"".join(parts))

    def _scope(self, sent: Sent) -> Scope:
        headers = {**_headers(sent, self._api_key), "content-length": str(len(sent.body))}
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": sent.path,
            "raw_path": sent.path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 0),
            "server": ("127.0.0.1", 80),
            "state": {},
        }
        return cast("Scope", scope)


class Live:
    """A running server at a URL. Use with `async with`. Raises `httpx.HTTPError` when it does not answer."""

    def __init__(self, url: str, api_key: str) -> None:
        self._api_key = api_key
        self._client = httpx.AsyncClient(base_url=url, timeout=30)

    async def post(self, sent: Sent) -> Answer:
        """Send it over the network."""
        found = await self._client.post(
            sent.path, content=sent.body, headers=dict(_headers(sent, self._api_key))
        )
        return Answer(found.status_code, found.content)

    async def get(self, path: str) -> bytes:
        """The body of a GET. Raises `httpx.HTTPError` for anything but 2xx too."""
        found = await self._client.get(path, headers={"Authorization": f"Bearer {self._api_key}"})
        return found.raise_for_status().content

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self._client.aclose()


def _headers(sent: Sent, api_key: str) -> Mapping[str, str]:
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": sent.media_type}
    return headers if sent.once is None else {**headers, "Idempotency-Key": sent.once}
