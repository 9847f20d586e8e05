"""API keys: made once, shown once, kept as a hash."""

import hashlib
import secrets
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from msgspec import Struct

from tickets.persistence.engine import Engine
from tickets.persistence.rows import Rows

Scope = Literal[
    "tickets:read",
    "tickets:write",
    "customers:read",
    "customers:write",
    "desk:read",
    "desk:write",
    "intake:write",
    "alerts:read",
    "alerts:write",
    "admin",
]
"""What a key may do. `admin` may do everything."""

SCOPES: tuple[Scope, ...] = get_args(Scope)
PREFIX = "tk_"  # lets secret scanners and people recognise a key

_BYTES = 32


class ApiKey(Struct, frozen=True):
    """A key as kept: everything but the key itself."""

    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    created_at: datetime
    agent: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def allows(self, scope: Scope) -> bool:
        """Whether it may do what needs this scope."""
        return scope in self.scopes or "admin" in self.scopes

    def valid(self, now: datetime) -> bool:
        """Neither revoked nor expired; it expires at the very instant `expires_at`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    @property
    def actor(self) -> str:
        """Who did it, in the history: the agent it acts as, or the key's own name."""
        return f"agent:{self.agent}" if self.agent else f"api:{self.name}"


_KEY = Rows(ApiKey)
_MINT = """
INSERT INTO api_key (id, name, scopes, agent, created_at, expires_at, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7)
"""
_FIND = f"SELECT {_KEY.columns} FROM api_key WHERE hash = $1"
_READ = f"SELECT {_KEY.columns} FROM api_key WHERE id = $1"
_LIST = f"SELECT {_KEY.columns} FROM api_key WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
_REVOKE = f"""
UPDATE api_key SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1 RETURNING {_KEY.columns}
"""


class ApiKeys:
    """The keys of one installation."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def mint(self, key: ApiKey) -> str:
        """Keep a new key; its secret, which nobody can be told again."""
        secret = PREFIX + secrets.token_urlsafe(_BYTES)
        await self.engine.execute(
            _MINT, key.id, key.name, key.scopes, key.agent, key.created_at, key.expires_at, _hash(secret)
        )
        return secret

    async def find(self, secret: str) -> ApiKey | None:
        """The key with this secret, valid or not; None when there is none."""
        return _KEY.optional(await self.engine.fetch_row(_FIND, _hash(secret)))

    async def read(self, key: UUID) -> ApiKey | None:
        """The key with this id."""
        return _KEY.optional(await self.engine.fetch_row(_READ, key))

    async def page(self, before: UUID | None, limit: int) -> list[ApiKey]:
        """Keys from the newest on, those after the key `before`."""
        return _KEY.all(await self.engine.fetch(_LIST, before, limit))

    async def revoke(self, key: UUID, now: datetime) -> ApiKey | None:
        """End a key for ever; the first revocation's instant stays. None when there is no such key."""
        return _KEY.optional(await self.engine.fetch_row(_REVOKE, key, now))

    async def bootstrap(self, key: UUID, now: datetime) -> str | None:
        """The secret of the first key, an `admin`, made when there is none yet. None when there is one.

        Replicas starting together take turns on the table, so exactly one of them makes it.
        """
        secret = None
        async with self.engine.transaction():
            await self.engine.execute("LOCK TABLE api_key IN SHARE ROW EXCLUSIVE MODE")
            if not await self.engine.fetch_value("SELECT EXISTS (SELECT FROM api_key)"):
                first = ApiKey(id=key, name="bootstrap", scopes=("admin",), created_at=now)
                secret = await self.mint(first)
        return secret


def _hash(secret: str) -> bytes:
    """SHA-256 is enough: the secret is 256 random bits, not a password somebody chose."""
    return hashlib.sha256(secret.encode()).digest()
