"""The heartbeat: a request to somebody outside who raises the alarm when it stays away."""

from uuid import UUID

import httpx

from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.webhook_address import Forbidden
from tickets.application.outbox.deliver import Outcome


class Heartbeat:
    """The way `heartbeat`: a POST to one URL, as healthchecks and its likes take it.

    What is said of it never names the URL: whoever knows it could beat in our place.
    """

    def __init__(self, url: str, http: GatedHttp) -> None:
        self._url = url
        self._http = http

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        """Knock once."""
        try:
            request = await self._http.request(self._url, body, {"content-type": "application/json"})
            response = await self._http.client.send(request, stream=True)
            await response.aclose()
        except Forbidden:
            return Outcome.refused("TICKETS_HEARTBEAT_URL leads into a private network")
        except (OSError, ValueError, httpx.HTTPError, httpx.InvalidURL) as fault:
            return Outcome.failed(f"TICKETS_HEARTBEAT_URL cannot be reached: {type(fault).__name__}")
        if response.is_success:
            return Outcome.sent()
        return Outcome.failed(f"TICKETS_HEARTBEAT_URL answered {response.status_code}")
