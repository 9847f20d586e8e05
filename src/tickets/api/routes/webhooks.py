"""`/v1/webhooks/{key}/secret`: what a receiver checks signatures with, renewed without a failed delivery."""

from datetime import timedelta
from http import HTTPStatus

import msgspec
from litestar import Response, post
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from tickets.adapters.system import random_bytes
from tickets.adapters.webhook_signature import written_secret
from tickets.api.auth import Call, needs
from tickets.api.idempotency import Answer, once
from tickets.api.parts import FromParts, Parts
from tickets.api.problems import Fault, Problem
from tickets.domain.errors import NotFound, Refused
from tickets.domain.words import Instant
from tickets.persistence.secrets import SIZE
from tickets.persistence.webhook_secrets import WebhookSecrets

_LONGEST = timedelta(days=30)


class RenewSecret(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For how long (30 days at most) calls are signed with the old secret as well."""

    overlap: timedelta = timedelta(hours=24)


class RenewedSecret(Struct, frozen=True, kw_only=True):
    """A new secret, shown this once; null when an Idempotency-Key is used again.

    The one before it signs as well until `old_until`.
    """

    old_until: Instant
    secret: str | None = None


@post(
    "/v1/webhooks/{key:str}/secret",
    opt=needs("admin"),
    tags=["Webhooks"],
    operation_id="renewWebhookSecret",
    status_code=HTTPStatus.OK,
)
async def renew_secret(
    key: FromPath[str], request: Call, parts: FromParts, data: JSONBody[RenewSecret]
) -> Response[RenewedSecret]:
    """Make a webhook's secret, or another one. Every worker signs with it from its next call on."""
    if not timedelta() <= data.overlap <= _LONGEST:
        fault = Fault(f"must be between PT0S and P{_LONGEST.days}D", pointer="/overlap")
        raise Problem(422, "The body does not fit.", errors=[fault])
    secret: str | None = None

    async def renew() -> Answer:
        nonlocal secret
        await _must_be_ours(parts, key)
        made, old_until = random_bytes(SIZE), parts.now() + data.overlap
        await WebhookSecrets(parts.engine).renew(key, made, old_until)
        secret = written_secret(made)
        return Answer(HTTPStatus.OK, msgspec.json.encode(RenewedSecret(old_until=old_until)))

    answer = await once(parts, request, renew)
    renewed = msgspec.json.decode(answer.body, type=RenewedSecret)
    return Response(msgspec.structs.replace(renewed, secret=secret), headers={"Cache-Control": "no-store"})


async def _must_be_ours(parts: Parts, key: str) -> None:
    """Refuse to renew a secret that is not the database's."""
    webhook = (await parts.desks.current()).desk.webhooks.get(key)
    if webhook is None:
        raise NotFound(f"the desk has no webhook {key}")
    if webhook.secret_env is not None:
        where = f"its secret is in the environment variable {webhook.secret_env}"
        raise Refused(f"{where}: write the new one before the old one there, a space between")


ROUTES = (renew_secret,)
