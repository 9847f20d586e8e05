"""Signed webhooks over HTTP, to addresses that were judged first."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

import httpx
from msgspec import Struct

from tickets.adapters.webhook_address import Forbidden, Gate
from tickets.adapters.webhook_signature import signed_headers
from tickets.application.deliver import Outcome

TOO_MANY, UNAVAILABLE = 429, 503
HIGHEST_PORT = 65_535
NEVER = {
    410: "it is gone; take the webhook off the desk",
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
        self._gate = gate
        self._clock = clock
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,  # a proxy would resolve the name once more, unjudged
            timeout=timeout.total_seconds(),
            verify=tls or ssl.create_default_context(),
            # A connection is known by its address only: kept, it would serve another host's webhook.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open. No attempt may be under way."""
        await self._client.aclose()

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
        """POST the body once. A redirect is not followed, and of the answer only the status is read."""
        endpoint = self._endpoint(destination)
        if endpoint is None:
            return Outcome.refused(f"the desk has no webhook {destination}")
        try:
            request = await self._request(endpoint, row, body)
            response = await self._client.send(request, stream=True)
            await response.aclose()
        except (Forbidden, ValueError, httpx.InvalidURL) as fault:
            return Outcome.refused(str(fault))
        except (OSError, httpx.HTTPError) as fault:
            return Outcome.failed(f"{type(fault).__name__}: {fault}")
        return self._judge(response)

    async def _request(self, endpoint: Endpoint, row: UUID, body: bytes) -> httpx.Request:
        url = httpx.URL(endpoint.url)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"a webhook goes to http:// or https://, not to {url.scheme or 'nothing'}://")
        host, port = url.raw_host.decode(), url.port or (443 if url.scheme == "https" else 80)
        if port > HIGHEST_PORT:
            raise ValueError(f"there is no port {port}")
        address = await self._gate.address(host, port)
        headers = {
            "host": url.netloc.decode(),
            "content-type": "application/json",
            "user-agent": "tickets",
            **signed_headers(str(row), self._clock(), body, endpoint.secrets),
        }
        return self._client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=body,
            headers=headers,
            extensions={"sni_hostname": host},  # the certificate is the host's, not the address's
        )

    def _judge(self, response: httpx.Response) -> Outcome:
        status = response.status_code
        if response.is_success:
            return Outcome.sent()
        if status in NEVER:
            return Outcome.refused(f"answered {status}: {NEVER[status]}")
        if response.is_redirect:
            return Outcome.failed(f"answered {status}; redirects are not followed")
        asked = response.headers.get("retry-after") if status in (TOO_MANY, UNAVAILABLE) else None
        return Outcome.failed(f"answered {status}", retry_after(asked, self._clock()))


def retry_after(text: str | None, now: datetime) -> timedelta | None:
    """How long a Retry-After header asks to wait (RFC 9110 §10.2.3); None when it is absent or unreadable."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return timedelta(seconds=min(int(text[:9]), 10**8))
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta())
