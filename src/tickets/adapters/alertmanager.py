"""Alerts to an Alertmanager, by its API v2, as Prometheus pushes them."""

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec.structs import replace

from tickets.adapters.direct import Answer, Post
from tickets.application.desk.model import Alertmanager, Desk
from tickets.application.notices.page import Page
from tickets.application.outbox.alertmanager import ENDED, Pass, Standing, reads
from tickets.application.outbox.deliver import Outcome
from tickets.domain.escalation import Manner
from tickets.domain.ticket import Alert, Ticket

BATCH = 250
"""Alerts in one request."""

_BAD, _TIMEOUT = 400, 408

_encode = msgspec.json.Encoder().encode
_pass = msgspec.json.Decoder(Pass).decode


class StandingAlerts(Protocol):
    """Where alerts are read as they stand."""

    async def standing(
        self, since: datetime | None, ended: datetime, after: UUID | None, most: int
    ) -> Sequence[Standing]:
        """Alerts by id behind `after`: moved since an instant, or all open and those that ended since."""


class Reading(Protocol):
    """How an alert reads."""

    def page(self, alert: Alert, ticket: Ticket, manner: Manner, link: str | None = None) -> Page:
        """Its headline, text and address."""


class AlertmanagerWay:
    """The way `alertmanager`: a destination is the key of one Alertmanager of the desk.

    A row says which alerts; what is said of them is how they stand when it is sent. So no attempt, however
    late, brings back what is over.
    """

    def __init__(
        self,
        post: Post,
        desk: Callable[[], Awaitable[Desk]],
        alerts: StandingAlerts,
        notices: Reading,
        environment: Mapping[str, str],
    ) -> None:
        self._post = post
        self._desk = desk
        self._alerts = alerts
        self._notices = notices
        self._environment = environment

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:  # noqa: ARG002 - a way
        """Tell it, batch by batch: at least once, so that a wrong password shows before the first alert does.

        It takes what it can of a batch: what one alert is refused for does not keep back the others.
        """
        desk = await self._desk()
        manager = desk.alertmanagers.get(destination)
        if manager is None:
            return Outcome.refused(f"the desk has no Alertmanager {destination!r}")
        headers = _credentials(manager, self._environment)
        if isinstance(headers, Outcome):
            return headers
        manner = Manner((*([manager.language] if manager.language else []), desk.language), desk.timezone)
        told, after, refused = _pass(body), None, None
        while True:
            now = self._post.clock()
            batch = await self._alerts.standing(told.since, now - ENDED, after, BATCH)
            if not batch and (after is not None or told.since is not None):
                break
            answer = await self._post(_address(manager), self._written(batch, manager, manner, now), headers)
            if isinstance(answer, Outcome):
                return _hinted(answer)
            outcome = judged(answer, manager)
            if outcome.kind != "sent":
                if answer.status != _BAD:
                    return outcome
                refused = refused or outcome
            if len(batch) < BATCH:
                break
            after = batch[-1].alert.id
        return refused or Outcome.sent()

    def _written(
        self, batch: Sequence[Standing], manager: Alertmanager, manner: Manner, now: datetime
    ) -> bytes:
        pages = [self._notices.page(each.alert, each.ticket, manner) for each in batch]
        return _encode(
            [reads(each, page, manager.labels, now) for each, page in zip(batch, pages, strict=True)]
        )


def judged(answer: Answer, manager: Alertmanager) -> Outcome:
    """What came of a request. What is wrong with the address or the password is said once, not all day."""
    status = answer.status
    if 200 <= status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
        return Outcome.sent()
    if answer.passing or status == _TIMEOUT:
        return Outcome.failed(f"answered {status}", answer.wait)
    secret = manager.token_env or manager.password_env
    wanted = f"it does not take what {secret} holds" if secret else "it wants a token or a password"
    why = {
        _BAD: str(answer.tree)[:300],
        401: wanted,
        403: wanted,
        404: f"no Alertmanager of API v2 at {_address(manager)}",
        405: f"no Alertmanager of API v2 at {_address(manager)}",
    }
    return Outcome.refused(f"answered {status}: {why.get(status, 'it cannot be told that way')}")


def _address(manager: Alertmanager) -> str:
    return f"{manager.url.rstrip('/')}/api/v2/alerts"


def _hinted(outcome: Outcome) -> Outcome:
    """An Alertmanager usually sits in a private network."""
    if outcome.kind != "refused":
        return outcome
    return replace(outcome, reason=f"{outcome.reason}: TICKETS_ALLOW_PRIVATE_WEBHOOKS may name it")


def _credentials(manager: Alertmanager, environment: Mapping[str, str]) -> dict[str, str] | Outcome:
    secret = manager.token_env or manager.password_env
    if secret is None:
        return {}
    held = environment.get(secret, "").strip()
    if not held:
        return Outcome.failed(f"{secret} is not in the environment")
    if manager.token_env is not None:
        if not (held.isascii() and held.isprintable()):
            return Outcome.refused(f"{secret} holds no token: it has signs that no header can carry")
        return {"authorization": f"Bearer {held}"}
    pair = f"{manager.user}:{held}".encode()
    return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
