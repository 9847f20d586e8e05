"""Who is calling, and may they: `Authorization: Bearer <API key>`, checked before every route.

A route states what it needs in its `opt`: `@get("/v1/tickets", opt=needs("tickets:read"))` or `opt=PUBLIC`.
One that states nothing is for `admin` only, so forgetting is safe.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from tickets.api.problems import Problem
from tickets.persistence.api_keys import PREFIX, ApiKey, ApiKeys, Scope

SCOPE: Final = "scope"
PUBLIC: Final[dict[str, object]] = {SCOPE: None}
"""The `opt` of a route that answers without a key."""

Call: TypeAlias = Request[None, ApiKey, State]
"""A request on a route that is not public: `request.auth` is the caller's key."""

_REMEMBERED = timedelta(seconds=5)
_REMEMBERED_KEYS = 10_000
_SCHEME = "bearer "


def needs(scope: Scope) -> dict[str, object]:
    """The `opt` of a route that wants this scope."""
    return {SCOPE: scope}


class Authorization:
    """The guard of every route. A key is remembered for five seconds, so revoking it takes that long."""

    def __init__(self, api_keys: ApiKeys, now: Callable[[], datetime]) -> None:
        self.api_keys = api_keys
        self.now = now
        self._seen: dict[str, tuple[ApiKey, datetime]] = {}

    async def __call__(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Let through, with the key as `request.auth`. Raises `Problem` 401 or 403."""
        scope: Scope | None = handler.opt.get(SCOPE, "admin")
        if scope is None:
            return
        key = await self._key(connection.headers.get("authorization"))
        if not key.allows(scope):
            raise Problem(
                403,
                f"The API key lacks the scope {scope}.",
                headers={"WWW-Authenticate": _challenge("insufficient_scope", f'scope="{scope}"')},
            )
        connection.scope["auth"] = key

    async def _key(self, header: str | None) -> ApiKey:
        if header is None:
            raise Problem(401, "An API key is needed.", headers={"WWW-Authenticate": _challenge()})
        secret = header[len(_SCHEME) :].strip()
        if not header.lower().startswith(_SCHEME) or not secret:
            raise _refused("Send the API key as `Authorization: Bearer <key>`.")
        now = self.now()
        key = await self._lookup(secret, now)
        if key is None:
            raise _refused("The API key is not known.")
        if not key.valid(now):
            raise _refused("The API key was revoked." if key.revoked_at else "The API key has expired.")
        return key

    async def _lookup(self, secret: str, now: datetime) -> ApiKey | None:
        if not secret.startswith(PREFIX):
            return None
        if (seen := self._seen.get(secret)) is not None and abs(now - seen[1]) < _REMEMBERED:
            return seen[0]
        key = await self.api_keys.find(secret)
        if key is not None:
            if len(self._seen) >= _REMEMBERED_KEYS:
                self._seen.clear()
            self._seen[secret] = (key, now)
        return key


def _refused(detail: str) -> Problem:
    return Problem(401, detail, headers={"WWW-Authenticate": _challenge("invalid_token")})


def _challenge(error: str | None = None, *more: str) -> str:
    """A Bearer challenge (RFC 6750 §3)."""
    return ", ".join(['Bearer realm="tickets"', *([f'error="{error}"'] if error else []), *more])
