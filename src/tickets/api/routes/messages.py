"""`/v1/intake/messages/…`: messengers tell what customers wrote, each in its own words."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

import structlog
from litestar import Request, Response, get, post
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from tickets.api.auth import PUBLIC, needs
from tickets.api.document import accepts
from tickets.api.idempotency import NAMED_BY_SENDER
from tickets.api.parameters import ANY_QUERY
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Problem
from tickets.application.arrivals.receive import Envelope
from tickets.domain.errors import NotFound
from tickets.intake import SIGNED_IN, MessageAccount, Unreadable
from tickets.observability.logs import CORRELATION_ID

PATIENCE = timedelta(seconds=1)
"""How long an answer waits for its envelope to be understood. Zalo gives up after two seconds."""

_TAGS = ["Intake"]
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_log = structlog.get_logger("tickets.messages")


class Webhook(Struct, frozen=True):
    """What to enter at the provider: the URL, and the token it asks for or shows.

    The verify token of Messenger and WhatsApp, the `secret_token` of Telegram; Zalo needs none.
    """

    url: str
    token: str


class Taken(Struct, frozen=True):
    """It is kept, whatever it says; providers send again what is not answered with 200."""

    received: bool = True


@get(
    "/v1/message_accounts/{account:str}/url",
    opt=needs("admin"),
    tags=_TAGS,
    operation_id="getMessageAccountUrl",
)
async def get_message_account_url(account: FromPath[str], parts: FromParts) -> Webhook:
    """The webhook to set up at the provider of an account."""
    found = await _account(parts, account)
    return Webhook(parts.message_doors.url(found), parts.message_doors.token(account))


@post(
    "/v1/intake/messages/{account:str}",
    opt=PUBLIC | ANY_QUERY | NAMED_BY_SENDER | accepts({_JSON: dict[str, object], _FORM: dict[str, str]}),
    tags=_TAGS,
    operation_id="receiveMessages",
    status_code=200,
)
async def receive_messages(
    account: FromPath[str],
    request: Request[Any, Any, Any],
    parts: FromParts,
    key: Annotated[str, QueryParameter()] = "",
) -> Taken:
    """A provider tells what customers wrote. It is kept first, and answered with 200 once it is kept."""
    found, body = await _account(parts, account), await request.body()
    if found.provider == "mapped":
        _show_token(parts, found, key)
    elif not parts.message_doors.signed(found, request.headers.get(SIGNED_IN[found.provider], ""), body):
        raise Problem(
            403, f"{SIGNED_IN[found.provider]} does not fit; see the account's secret_env and its URL."
        )
    await _keep(parts, found, body, request.headers.get("content-type") or _JSON)
    return Taken()


@get(
    "/v1/intake/messages/{account:str}",
    opt=PUBLIC | ANY_QUERY,
    tags=_TAGS,
    operation_id="verifyMessages",
)
async def verify_messages(
    account: FromPath[str],
    request: Request[Any, Any, Any],
    parts: FromParts,
    key: Annotated[str, QueryParameter()] = "",
    token: Annotated[str, QueryParameter(name="hub.verify_token")] = "",
    challenge: Annotated[str, QueryParameter(name="hub.challenge")] = "",
) -> Response[str]:
    """Meta makes sure that the webhook is ours; a mapped provider may send a message as a query string."""
    found = await _account(parts, account)
    if found.provider == "mapped":
        _show_token(parts, found, key)
        await _keep(parts, found, request.scope["query_string"], _FORM)
        return _plain("")
    if not parts.message_doors.opens(account, token):
        raise Problem(
            403, "hub.verify_token does not fit; GET /v1/message_accounts/{account}/url shows the right one."
        )
    return _plain(challenge)


def _plain(text: str) -> Response[str]:
    """Text that no browser takes for a page: the challenge is the caller's own."""
    return Response(text, media_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})


def _show_token(parts: Parts, account: MessageAccount, key: str) -> None:
    if not parts.message_doors.opens(account.key, key):
        raise Problem(
            403, "This is not the URL of the account; GET /v1/message_accounts/{account}/url shows it."
        )


async def _keep(parts: Parts, account: MessageAccount, body: bytes, media_type: str) -> None:
    """Keep an envelope, then understand it: at once if that is quick, else after the answer."""
    envelope = Envelope(
        id=parts.new_id(),
        channel="inbox",
        account=account.key,
        media_type=media_type,
        body=body,
        received_at=parts.now(),
    )
    await parts.envelopes.keep(envelope)
    errand = asyncio.create_task(_understand(parts, envelope, CORRELATION_ID.get()))
    _ERRANDS.add(errand)
    errand.add_done_callback(_ERRANDS.discard)
    await asyncio.wait({errand}, timeout=PATIENCE.total_seconds())


async def _understand(parts: Parts, envelope: Envelope, correlation_id: str | None) -> None:
    """What fails here is in quarantine, or the ticker comes back to it: the envelope is kept."""
    try:
        await parts.porter.understand(envelope, await parts.house.desks.current(), correlation_id)
    except Unreadable as faults:
        _log.warning("messages.quarantined", account=envelope.account, reason=str(faults)[:500])
    except Exception:  # noqa: BLE001 - the provider must not hear of it: after enough of it, it stops calling
        _log.exception("messages.left", account=envelope.account)


_ERRANDS: set[asyncio.Task[None]] = set()
"""Envelopes being understood; nothing else keeps hold of a task."""


async def _account(parts: Parts, key: str) -> MessageAccount:
    found = (await parts.house.desks.current()).message_account(key)
    if found is None:
        raise NotFound(f"there is no message account {key!r}")
    return found


ROUTES = (get_message_account_url, receive_messages, verify_messages)
