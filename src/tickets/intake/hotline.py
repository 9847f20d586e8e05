"""Events of telephone calls, in our own wire form, become drafts."""

import re
from datetime import UTC
from typing import Literal

from msgspec import Struct

from tickets.domain.draft import Call, Draft, FieldValue, Identity, Sender
from tickets.domain.words import Instant, Priority
from tickets.intake.phones import e164
from tickets.intake.text import NAME_LIMIT, block
from tickets.intake.text import line as one_line
from tickets.intake.unreadable import Fault, Unreadable, pointer
from tickets.intake.wire import convert_object, decode_object, refuse_nul

CALL_ID_LIMIT = 200
"""Characters of a call's id."""
NUMBER_LIMIT = 60
"""Characters shown of a number that is not E.164."""
URL_LIMIT = 2_000
"""Characters of a recording's URL."""
FIELDS_LIMIT = 100
"""Custom fields of one event."""

CallStep = Literal["started", "answered", "missed", "ended"]

SUBJECTS: dict[str, dict[CallStep, str]] = {
    "en": {
        "started": "Call from {caller}",
        "answered": "Call from {caller}",
        "missed": "Missed call from {caller}: call back",
        "ended": "Call from {caller}",
    },
    "vi": {
        "started": "Cuộc gọi từ {caller}",
        "answered": "Cuộc gọi từ {caller}",
        "missed": "Cuộc gọi nhỡ từ {caller}: cần gọi lại",
        "ended": "Cuộc gọi từ {caller}",
    },
}
UNKNOWN = {"en": "an unknown number", "vi": "số không xác định"}

_FIRST_YEAR, _LAST_YEAR = 1969, 2200
_LONGEST = 7 * 24 * 3600


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


def read_call(body: bytes, line: Line) -> Draft:
    """The draft of one call event.

    Raises:
        Unreadable: with every fault of every field.
    """
    return draft_of_call(decode_call(body), line)


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


def draft_of_call(event: CallEvent, line: Line) -> Draft:
    """What one event means to a ticket; adapters of other telephone systems come in here."""
    caller = e164(event.from_, line.country)
    shown = caller or one_line(event.from_, NUMBER_LIMIT) or UNKNOWN.get(line.language or "", UNKNOWN["en"])
    language = event.language or line.language
    subject = one_line(event.subject or _subject(event, line, shown))
    return Draft(
        channel="hotline",
        source="phone",
        account=line.key,
        external_id=f"{event.call_id}:{event.event}",
        subject=subject,
        text=block(event.text or "") or subject,
        sender=Sender(
            name=one_line(event.name or "", NAME_LIMIT),
            identities=(Identity("phone", caller),) if caller else (),
            language=event.language,
            region=event.region,
        ),
        priority=event.priority or line.priority,
        language=language,
        region=event.region or line.region,
        tags=line.tags,
        fields=event.fields,
        conversation=(event.call_id,),
        call=Call(
            event=event.event,
            call_id=event.call_id,
            at=event.at.astimezone(UTC),
            agent=event.agent,
            seconds=event.seconds,
            recording_url=event.recording_url,
        ),
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


def _subject(event: CallEvent, line: Line, caller: str) -> str:
    template = line.subject or SUBJECTS.get(line.language or "", SUBJECTS["en"])[event.event]
    facts = {"{caller}": caller, "{line}": line.name or line.number, "{number}": line.number}
    return re.sub(r"\{caller\}|\{line\}|\{number\}", lambda place: facts[place[0]], template)
