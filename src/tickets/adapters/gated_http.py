"""HTTP to addresses that were judged first: a name is resolved once, and what was judged is connected to."""

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache

import httpx

from tickets.adapters.webhook_address import Gate

HIGHEST_PORT = 65_535


@cache
def trust() -> ssl.SSLContext:
    """Whom this machine trusts. To read its certificates takes as long as a whole request: once a process."""
    return ssl.create_default_context()


class GatedHttp:
    """Makes requests; no redirect is followed, no proxy asked, no connection kept."""

    def __init__(
        self, gate: Gate, *, timeout: timedelta = timedelta(seconds=15), tls: ssl.SSLContext | None = None
    ) -> None:
        self._gate = gate
        self.client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,  # a proxy would resolve the name once more, unjudged
            timeout=timeout.total_seconds(),
            verify=tls or trust(),
            # A connection is known by its address only: kept, it would serve another host's webhook.
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open. Nothing may be under way."""
        await self.client.aclose()

    async def request(
        self, to: str, body: bytes, headers: Mapping[str, str], method: str = "POST"
    ) -> httpx.Request:
        """A request, ready to be sent.

        Raises:
            Forbidden: it leads into the house.
            ValueError: it is no address for HTTP.
            OSError: the name leads nowhere.
        """
        url = httpx.URL(to)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError(f"a webhook goes to http:// or https://, not to {url.scheme or 'nothing'}://")
        host, port = url.raw_host.decode(), url.port or (443 if url.scheme == "https" else 80)
        if port > HIGHEST_PORT:
            raise ValueError(f"there is no port {port}")
        address = await self._gate.address(host, port)
        return self.client.build_request(
            method,
            url.copy_with(host=str(address)),
            content=body,
            headers={
                "host": url.netloc.decode(),
                "user-agent": "tickets",
                "accept-encoding": "identity",  # nobody is asked for what would have to be unpacked
                **headers,
            },
            extensions={"sni_hostname": host},  # the certificate is the host's, not the address's
        )


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
