"""Random bytes an installation makes for itself once and keeps: keys that no operator has to think of."""

from collections.abc import Callable

from tickets.persistence.engine import Engine

READ = "SELECT value FROM installation_secret WHERE name = $1"

# Of two who make one at once the second gets the first's; the idle update is what lets it see that one.
KEEP = """
INSERT INTO installation_secret (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING value
"""

SIZE = 32
"""Bytes in a secret: as many as an HMAC-SHA256 key has use for."""


async def installation_secret(engine: Engine, name: str, random_bytes: Callable[[int], bytes]) -> bytes:
    """The secret of this name, the same in every process; made of `random_bytes(SIZE)` on first need."""
    kept: bytes | None = await engine.fetch_value(READ, name)
    if kept is None:
        kept = await engine.fetch_value(KEEP, name, random_bytes(SIZE))
    if kept is None:
        raise RuntimeError("an insert returned no row")
    return kept
