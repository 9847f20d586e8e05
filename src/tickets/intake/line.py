"""A hotline of the desk: the number people dial, and the telephone system that reports its calls."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from tickets.domain.telephony import Told
from tickets.domain.words import Priority

Exchange = Literal["push", "stringee", "twilio", "mapped"]
"""Who posts to the line's own URL: newCall/answer/hangup forms, StringeeX, Twilio, or as `mapping` says."""


class CallMapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which parameter of a query string, form or JSON object is which fact of a call.

    `events` turns the values of parameter `event` into what they tell; others are taken in and tell nothing.
    `at` holds an RFC 3339 instant or seconds (or milliseconds) since 1970; without one, it is now.
    `outgoing` are the values of `direction` that mean that we dialled.
    """

    call_id: str
    event: str
    events: dict[str, Told]
    caller: str | None = None
    callee: str | None = None
    agent: str | None = None
    at: str | None = None
    direction: str | None = None
    outgoing: tuple[str, ...] = ("out", "outbound", "outgoing")
    seconds: str | None = None
    recording_url: str | None = None


class Ami(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The manager interface of an Asterisk; `secret_env` names the environment variable with its secret."""

    host: str
    port: int = 5038
    username: str
    secret_env: Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hotline: `number` people dial, `country` (ISO 3166, two letters) by which national numbers are read.

    `subject` is a template (`{caller}`, `{line}`, `{number}`); without one it follows event and `language`.
    `exchange` is who posts to the line's own URL. `secret_env` names the environment variable that holds
    Twilio's auth token; `account_sid` is the account that StringeeX and Twilio must name. `agents` gives the
    keys of agents by what the exchange calls them: extension, user name, address.
    """

    key: str
    number: str
    name: str = ""
    country: str = "VN"
    language: str | None = None
    region: str | None = None
    tags: tuple[str, ...] = ()
    priority: Priority | None = None
    subject: str | None = None
    exchange: Exchange | None = None
    secret_env: Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    account_sid: str | None = None
    mapping: CallMapping | None = None
    ami: Ami | None = None
    agents: dict[str, str] = {}

    def agent(self, name: str | None) -> str | None:
        """The key of the agent an exchange calls so; what the line does not name is taken for a key."""
        return self.agents.get(name, name) if name else None
