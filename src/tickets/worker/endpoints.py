"""Where webhooks go and what signs them, as the desk has it now."""

from collections.abc import Callable, Mapping

from tickets.adapters.webhook import Endpoint
from tickets.adapters.webhook_signature import PREFIX, written_secret
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.endpoints import PostgresEndpoints
from tickets.persistence.engine import Engine
from tickets.persistence.secrets import installation_secret


class Endpoints:
    """Endpoints by the webhook's key. `refresh` reads the desk; asking is a look at what it found.

    The secret comes from the environment variable the webhook names, or else from the database, which makes
    one when the webhook is first used. A disabled webhook that goes to another address now is enabled.
    """

    def __init__(
        self,
        engine: Engine,
        desks: PostgresDesks,
        environment: Mapping[str, str],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self.engine = engine
        self.desks = desks
        self.environment = environment
        self.random_bytes = random_bytes
        self.standing = PostgresEndpoints(engine)
        self._revision = -1
        self._found: dict[str, Endpoint] = {}

    def __call__(self, key: str) -> Endpoint | None:
        """The endpoint of a webhook, None when the desk has no such webhook (any more)."""
        return self._found.get(key)

    async def refresh(self) -> None:
        """Follow the desk; costs one small read when it has not changed."""
        desk = await self.desks.current()
        if desk.revision != self._revision:
            self._found = {
                key: Endpoint(webhook.url, (await self._secret(key, webhook.secret_env),))
                for key, webhook in desk.desk.webhooks.items()
            }
            await self.standing.moved({key: webhook.url for key, webhook in desk.desk.webhooks.items()})
            self._revision = desk.revision

    async def _secret(self, key: str, variable: str | None) -> str:
        given = self.environment.get(variable) if variable else None
        if given:
            return given if given.startswith(PREFIX) else written_secret(given.encode())
        return written_secret(await installation_secret(self.engine, f"webhook:{key}", self.random_bytes))
