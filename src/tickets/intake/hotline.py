"""Events of telephone calls in our own wire form."""

from datetime import UTC
from typing import Literal

from msgspec import Struct

from tickets.domain.draft import FieldValue
from tickets.domain.telephony import CallFact, Told
from tickets.domain.words import Instant, Priority
from tickets.intake.call_reports import About, CallReport
from tickets.intake.line import Line
from tickets.intake.unreadable import Fault, Unreadable, pointer
from tickets.intake.wire import convert_object, decode_object, refuse_nul

CALL_ID_LIMIT = 200
"""Characters of a call's id."""
URL_LIMIT = 2_000
"""Characters of a recording's URL."""
FIELDS_LIMIT = 100
"""Custom fields of one event."""

CallStep = Literal[
    "started",
    "queued",
    "answered",
    "held",
    "resumed",
    "transferred",
    "missed",
    "ended",
    "recorded",
    "wrapped",
]

_TELLS: dict[str, Told] = {"started": "ringing", "ended": "hung_up"}

_FIRST_YEAR, _LAST_YEAR = 1969, 2200
_LONGEST = 7 * 24 * 3600


class CallEvent(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """What a telephone system posts about one call. `at` is when it happened; `seconds` is talk time."""

    call_id: str
    event: CallStep
    at: Instant
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
    direction: Literal["incoming", "outgoing"] = "incoming"


def decode_call(body: bytes) -> CallEvent:
    """The call event in a JSON body.

    Raises:
        Unreadable: with every fault of every field.
    """
    wire = decode_object(body)
    if faults := refuse_nul(wire):
        raise Unreadable(faults)
    event = convert_object(wire, CallEvent)
    if faults := _faults(event):
        raise Unreadable(faults)
    return event


def read_report(body: bytes, line: Line) -> CallReport:
    """What a JSON body tells of a call.

    Raises:
        Unreadable: with every fault of every field.
    """
    event = decode_call(body)
    fact = CallFact(
        told=_TELLS.get(event.event, event.event),  # type: ignore[arg-type]
        at=event.at.astimezone(UTC),
        direction="out" if event.direction == "outgoing" else "in",
        caller=event.from_,
        callee=event.to,
        agent=line.agent(event.agent),
        seconds=event.seconds,
        recording_url=event.recording_url,
    )
    return CallReport(call_id=event.call_id, facts=(fact,), about=_about(event))


def _about(event: CallEvent) -> About:
    return About(
        subject=event.subject,
        text=event.text,
        fields=event.fields,
        name=event.name,
        priority=event.priority,
        language=event.language,
        region=event.region,
    )


def _faults(event: CallEvent) -> list[Fault]:
    """What a type cannot say: lengths, signs, our time."""
    long = "must have 1 to {} characters"
    checks = (
        ("call_id", 0 < len(event.call_id) <= CALL_ID_LIMIT, long.format(CALL_ID_LIMIT)),
        ("at", _FIRST_YEAR < event.at.year < _LAST_YEAR, "is not an instant of our time"),
        ("seconds", event.seconds is None or 0 <= event.seconds <= _LONGEST, "must be 0 to 604800"),
        ("recording_url", _is_link(event.recording_url), "must be an http or https URL"),
        ("fields", len(event.fields) <= FIELDS_LIMIT, f"at most {FIELDS_LIMIT} fields"),
    )
    return [Fault(pointer(name), message) for name, holds, message in checks if not holds]


def _is_link(url: str | None) -> bool:
    return url is None or (len(url) <= URL_LIMIT and url.startswith(("https://", "http://")))
