"""Signed webhooks over HTTP, to addresses that were judged first."""

import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from msgspec import Struct

from tickets.adapters.gated_http import GatedHttp, retry_after
from tickets.adapters.webhook_address import Forbidden, Gate
from tickets.adapters.webhook_signature import signed_headers
from tickets.application.notices.webhook_body import CLOUD_EVENT
from tickets.application.outbox.deliver import Outcome

GONE, TOO_MANY, UNAVAILABLE = 410, 429, 503
NEVER = {
    GONE: "it is gone; give the webhook another address, or take it off the desk",
    413: "the body is too large for it",
    415: "it does not take JSON",
}
"""Answers that the same bytes will always get. Other refusals (401, 404, …) are repaired within the day."""


class Endpoint(Struct, frozen=True):
    """Where a webhook goes, and the secrets (`whsec_…`) to sign with: during a rotation new and old."""

    url: str
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Where it goes, without the secrets."""
        return f"Endpoint({self.url!r})"


def media_type(body: bytes) -> str:
    """What a body says it is: the format of its webhook may be another one by now."""
    return "application/cloudevents+json" if body.startswith(CLOUD_EVENT) else "application/json"


class Webhook:
    """The way `webhook`: a row's destination is the key of a webhook of the desk.

    `endpoint` finds it at the moment of sending: what is repaired on the desk helps the next attempt.
    """

    def __init__(
        self,
        endpoint: Callable[[str], Endpoint | None],
        gate: Gate,
        clock: Callable[[], datetime],
        *,
        timeout: timedelta = timedelta(seconds=15),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._http = GatedHttp(gate, timeout=timeout, tls=tls)

    async def close(self) -> None:
        """Close what is open. No attempt may be under way."""
        await self._http.close()

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
        """POST the body once. A redirect is not followed, and of the answer only the status is read."""
        endpoint = self._endpoint(destination)
        if endpoint is None:
            return Outcome.refused(f"the desk has no webhook {destination}")
        try:
            request = await self._request(endpoint, row, body)
            response = await self._http.client.send(request, stream=True)
            await response.aclose()
        except (Forbidden, ValueError, httpx.InvalidURL) as fault:
            return Outcome.refused(str(fault))
        except (OSError, httpx.HTTPError) as fault:
            return Outcome.failed(f"{type(fault).__name__}: {fault}")
        return self._judge(response, endpoint.url)

    async def _request(self, endpoint: Endpoint, row: UUID, body: bytes) -> httpx.Request:
        headers = {
            "content-type": media_type(body),
            **signed_headers(str(row), self._clock(), body, endpoint.secrets),
        }
        return await self._http.request(endpoint.url, body, headers)

    def _judge(self, response: httpx.Response, url: str) -> Outcome:
        status = response.status_code
        if response.is_success:
            return Outcome.sent()
        if status in NEVER:
            gone = url if status == GONE else None
            return Outcome.refused(f"answered {status}: {NEVER[status]}", gone=gone)
        if response.is_redirect:
            return Outcome.failed(f"answered {status}; redirects are not followed")
        asked = response.headers.get("retry-after") if status in (TOO_MANY, UNAVAILABLE) else None
        return Outcome.failed(f"answered {status}", retry_after(asked, self._clock()))
