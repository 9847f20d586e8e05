"""An account of direct messages: where customers write to us in a messenger, and what we know it by."""

from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tickets.domain.words import Priority

Provider = Literal["zalo", "messenger", "whatsapp", "telegram", "mapped"]
"""Who carries the messages; `mapped` is anybody who can call a URL, as `mapping` says."""

Variable = Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of an environment variable; its value is never part of the desk."""


class MessageMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which parameter of a query string, form or JSON body is which fact of a message.

    What lies in JSON is reached by dots: `data.items.0.text`. `customer` is what the provider calls the
    person. `at` holds an RFC 3339 instant or seconds (or milliseconds) since 1970. `when` lists the values
    that parameters must have for a body to be a message; others are taken in and say nothing.
    """

    id: str
    customer: str
    text: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    at: str | None = None
    when: dict[str, tuple[str, ...]] = {}


class MessageAccount(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An official account, page, business number or bot.

    `id` is the provider's own name for it (Zalo OA, page, phone number id): where several accounts share one
    webhook, it tells whose a message is. `secret_env` holds what the provider signs with: the OA's secret key
    (Zalo), the app secret (Messenger, WhatsApp). `token_env` holds what replies are sent with: page or system
    user token, bot token; for Zalo the first refresh token, which `app_secret_env` and `app_id` renew.

    A message joins its customer's last ticket here while somebody works on it, and until `quiet` has passed
    since its last word. `country` (ISO 3166, two letters) reads phone numbers of a `mapping`.
    """

    key: str
    provider: Provider
    name: str = ""
    id: str | None = None
    app_id: str | None = None
    secret_env: Variable | None = None
    app_secret_env: Variable | None = None
    token_env: Variable | None = None
    quiet: timedelta = timedelta(hours=24)
    country: str = "VN"
    language: str | None = None
    region: str | None = None
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    mapping: MessageMapping | None = None
