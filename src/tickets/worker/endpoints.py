"""Where webhooks go and what signs them, as the desk has it now."""

from collections.abc import Callable, Mapping
from datetime import datetime

from tickets.adapters.pager import fingerprint
from tickets.adapters.webhook import Endpoint
from tickets.adapters.webhook_signature import PREFIX, written_secret
from tickets.application.desk.model import Desk, Webhook
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.endpoints import PostgresEndpoints
from tickets.persistence.secrets import SIZE
from tickets.persistence.webhook_secrets import WebhookSecrets


class Endpoints:
    """Endpoints by the webhook's key. `refresh` reads the desk; asking is a look at what it found.

    Secrets come from the environment variable the webhook names, several of them separated by spaces, or else
    from the database, where one is made when the webhook is first used. A disabled webhook or pager that goes
    to another address now is enabled.
    """

    def __init__(
        self,
        standing: PostgresEndpoints,
        desks: PostgresDesks,
        environment: Mapping[str, str],
        random_bytes: Callable[[int], bytes],
        now: Callable[[], datetime],
    ) -> None:
        self.desks = desks
        self.environment = environment
        self.random_bytes = random_bytes
        self.now = now
        self.standing = standing
        self.secrets = WebhookSecrets(standing.engine)
        self._revision = -1
        self._found: dict[str, Endpoint] = {}

    def __call__(self, key: str) -> Endpoint | None:
        """The endpoint of a webhook, None when the desk has no such webhook (any more)."""
        return self._found.get(key)

    async def refresh(self) -> None:
        """Follow the desk and the secrets; costs two small reads when nothing has changed."""
        desk = await self.desks.current()
        webhooks = desk.desk.webhooks
        kept = await self.secrets.live(self.now()) if webhooks else {}
        self._found = {
            key: Endpoint(webhook.url, await self._secrets(webhook, kept.get(key, ())))
            for key, webhook in webhooks.items()
        }
        if desk.revision != self._revision:
            await self.standing.moved(self._addresses(desk.desk))
            self._revision = desk.revision

    def _addresses(self, desk: Desk) -> dict[str, str]:
        """Where endpoints go now that may say they are gone; what is a secret by its fingerprint."""
        secret = {key: self.environment.get(pager.url_env, "") for key, pager in desk.pagers.items()}
        return {f"webhook:{key}": webhook.url for key, webhook in desk.webhooks.items()} | {
            f"pager:{key}": fingerprint(url) for key, url in secret.items() if url
        }

    async def _secrets(self, webhook: Webhook, kept: tuple[bytes, ...]) -> tuple[str, ...]:
        given = self.environment.get(webhook.secret_env or "", "").split()
        if given:
            return tuple(each if each.startswith(PREFIX) else written_secret(each.encode()) for each in given)
        if not kept:
            kept = await self.secrets.first(webhook.key, self.random_bytes(SIZE), self.now())
        return tuple(map(written_secret, kept))
