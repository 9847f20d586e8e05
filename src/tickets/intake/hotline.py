"""Events of telephone calls, in our own wire form, become drafts."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from tickets.domain.draft import Draft, FieldValue
from tickets.domain.words import Priority


class Line(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A hotline: `number` people dial, `country` (ISO 3166, two letters) by which national numbers are read.

    `subject` is a template (`{caller}`, `{line}`, `{number}`); without one it follows event and `language`.
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


class CallEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What a telephone system posts about one call. `at` is when it happened; `seconds` is talk time."""

    call_id: str
    event: Literal["started", "answered", "missed", "ended"]
    at: datetime
    from_: str = ""
    to: str = ""
    agent: str | None = None
    seconds: int | None = None
    recording_url: str | None = None
    subject: str | None = None
    text: str | None = None
    fields: dict[str, FieldValue] = {}
    name: str | None = None
    priority: Priority | None = None
    language: str | None = None
    region: str | None = None


def read_call(body: bytes, line: Line) -> Draft:
    """The draft of one call event.

    Raises:
        Unreadable: with every fault of every field.
    """
    raise NotImplementedError
