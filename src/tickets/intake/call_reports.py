"""What any telephone system reports: which call, what was told of it, what else a ticket should know."""

import re
from datetime import datetime

from msgspec import Struct

from tickets.domain.draft import Call, Draft, FieldValue, Identity, Sender
from tickets.domain.telephony import CallFact, TelephoneCall
from tickets.domain.words import Priority
from tickets.intake.line import Line
from tickets.intake.phones import e164
from tickets.intake.text import NAME_LIMIT, block
from tickets.intake.text import line as one_line

NUMBER_LIMIT = 60
"""Characters shown of a number that is not E.164."""

SUBJECTS: dict[str, dict[str, str]] = {
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


class About(Struct, frozen=True, kw_only=True):
    """What an exchange knows beyond the call: who calls, and what for."""

    subject: str | None = None
    text: str | None = None
    fields: dict[str, FieldValue] = {}
    name: str | None = None
    priority: Priority | None = None
    language: str | None = None
    region: str | None = None


class CallReport(Struct, frozen=True, kw_only=True):
    """Facts of one call, as one envelope tells them."""

    call_id: str
    facts: tuple[CallFact, ...]
    about: About = About()


def customer_number(call: TelephoneCall, line: Line) -> str | None:
    """The customer's number in E.164, None for what cannot be called back."""
    return e164(call.caller if call.direction == "in" else call.callee, line.country)


def milestones(call: TelephoneCall) -> list[Call]:
    """What a ticket hears of a call, in order. Of one we made, only that somebody was reached."""

    def said(event: str, at: datetime | None) -> list[Call]:
        told = {
            "call_id": call.call_id,
            "agent": call.agent,
            "direction": call.direction,
            "seconds": call.talked if event == "ended" else None,
            "recording_url": call.recordings[0] if call.recordings and event == "ended" else None,
        }
        return [] if at is None else [Call(event=event, at=at, **told)]  # type: ignore[arg-type]

    answered, ended = said("answered", call.answered_at), call.ended_at
    if call.direction == "out":
        return [*answered, *said("ended", ended)] if answered else []
    started = said("started", call.ringing_at or call.queued_at)
    if call.outcome in ("missed", "abandoned"):
        return [*started, *said("missed", ended)]
    return [*started, *answered, *said("ended", ended)]


def draft_of_call(call: Call, caller: str, line: Line, about: About) -> Draft:
    """What one milestone of a call means to a ticket. `caller` is the customer's number as it came."""
    number = e164(caller, line.country)
    shown = number or one_line(caller, NUMBER_LIMIT) or UNKNOWN.get(line.language or "", UNKNOWN["en"])
    subject = one_line(about.subject or _subject(call.event, line, shown))
    return Draft(
        channel="hotline",
        source="phone",
        account=line.key,
        external_id=f"{call.call_id}:{call.event}",
        subject=subject,
        text=block(about.text or "") or subject,
        sender=Sender(
            name=one_line(about.name or "", NAME_LIMIT),
            identities=(Identity("phone", number),) if number else (),
            language=about.language,
            region=about.region,
        ),
        priority=about.priority or line.priority,
        language=about.language or line.language,
        region=about.region or line.region,
        tags=line.tags,
        fields=about.fields,
        conversation=(call.call_id,),
        call=call,
    )


def _subject(event: str, line: Line, caller: str) -> str:
    template = line.subject or SUBJECTS.get(line.language or "", SUBJECTS["en"])[event]
    facts = {"{caller}": caller, "{line}": line.name or line.number, "{number}": line.number}
    return re.sub(r"\{caller\}|\{line\}|\{number\}", lambda place: facts[place[0]], template)
