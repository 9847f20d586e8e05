"""The URLs that exchanges post to: nobody can guess them, and those who sign are held to it."""

import hmac
from collections.abc import Iterable, Mapping

from tickets.intake import Line, MessageAccount, is_signed, twilio_signature


class Doors:
    """Makes and checks the URLs of hotlines. The token in one is an HMAC of the line's key."""

    def __init__(self, secret: bytes, public_url: str, environment: Mapping[str, str]) -> None:
        self._secret = secret
        self._public_url = public_url
        self._environment = environment

    def path(self, line: str) -> str:
        """The path of a line's own URL."""
        return f"/v1/exchange/{line}/{self._token(line)}"

    def url(self, line: str) -> str:
        """What to paste into the exchange's settings."""
        return self._public_url + self.path(line)

    def opens(self, line: str, token: str) -> bool:
        """Whether a token is the line's."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self._token(line).encode())

    def signed(self, line: Line, query: str, pairs: Iterable[tuple[str, str]], signature: str) -> bool:
        """Whether Twilio signed a request with the auth token that the line's `secret_env` holds."""
        token = self._environment.get(line.secret_env or "", "")
        if not token:
            return False
        url = self.url(line.key) + (f"?{query}" if query else "")
        return hmac.compare_digest(
            signature.encode("utf-8", "replace"), twilio_signature(token, url, pairs).encode()
        )

    def _token(self, line: str) -> str:
        return hmac.digest(self._secret, f"hotline:{line}".encode(), "sha256").hex()[:40]


class MessageDoors:
    """Who may post to the URLs of accounts of direct messages, and what proves it.

    Telegram and those that cannot sign show a token of ours; Meta asks for it when a webhook is set up.
    """

    def __init__(self, secret: bytes, public_url: str, environment: Mapping[str, str]) -> None:
        self._secret = secret
        self._public_url = public_url
        self._environment = environment

    def url(self, account: MessageAccount) -> str:
        """What to enter as the webhook's URL."""
        key = f"?key={self.token(account.key)}" if account.provider == "mapped" else ""
        return f"{self._public_url}/v1/intake/messages/{account.key}{key}"

    def token(self, account: str) -> str:
        """The account's own token; nobody can guess it."""
        return hmac.digest(self._secret, f"messages:{account}".encode(), "sha256").hex()[:40]

    def opens(self, account: str, token: str) -> bool:
        """Whether a token is the account's."""
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.token(account).encode())

    def signed(self, account: MessageAccount, signature: str, body: bytes) -> bool:
        """Whether the provider of an account signed a body."""
        if account.provider == "telegram":
            return self.opens(account.key, signature)
        return is_signed(account, signature, body, self._environment.get(account.secret_env or "", ""))
