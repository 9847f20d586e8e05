"""How hand-offs and gaps of an on-call schedule read: as mail to people, and as JSON to programs."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from tickets.application.desk.duty_watch import Gap, HandOff
from tickets.application.notices.alerts import Language, spoken
from tickets.application.notices.mail import notice_mail
from tickets.application.notices.page import Page, stored
from tickets.application.notices.webhook_body import Told, webhook_body
from tickets.domain.escalation import Manner

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "hand_off": "You are on call: {schedule}",
        "since": "From {since}",
        "until": "Until {until}",
        "before": "Before you: {before}",
        "gap": "NOBODY IS ON CALL: {schedule}",
        "repair": "Alerts of this schedule go to the fallback of their escalation policy until somebody is.",
    },
    "vi": {
        "hand_off": "Bạn đang trực: {schedule}",
        "since": "Từ {since}",
        "until": "Đến {until}",
        "before": "Trước bạn: {before}",
        "gap": "KHÔNG CÓ AI TRỰC: {schedule}",
        "repair": "Cảnh báo của lịch này sẽ đến người dự phòng của chính sách cho đến khi có người trực.",
    },
}


class Sender(Struct, frozen=True):
    """Whom notices come from: the From of mails, and the address others know us by."""

    mail: str
    url: str


def render(
    told: HandOff | Gap,
    way: str,
    destination: str,
    notice_id: UUID,
    sender: Sender,
    manner: Manner,
    now: datetime,
) -> bytes:
    """The bytes to send, the same in every attempt."""
    name = "hand_off" if isinstance(told, HandOff) else "gap"
    if way not in {"email", "pager"}:
        event = Told(
            id=notice_id,
            type="on_call.handed_off" if name == "hand_off" else "on_call.gap",
            at=now,
            source=sender.url,
            subject=f"/v1/desk/on_call_schedules/{told.schedule}",
            data=told,
        )
        return webhook_body(event, manner.format)
    title = WORDS[spoken(manner)][name].format(schedule=told.schedule)
    if way == "pager":
        return stored(Page(title, _text(told, manner)))
    return notice_mail(sender.mail, destination, notice_id, now, title, _text(told, manner))


def _text(told: HandOff | Gap, manner: Manner) -> str:
    words, zone = WORDS[spoken(manner)], ZoneInfo(manner.timezone)
    lines = [words["since"].format(since=_clock(told.since, zone))]
    if told.until is not None:
        lines.append(words["until"].format(until=_clock(told.until, zone)))
    if isinstance(told, Gap):
        lines += ["", words["repair"]]
    elif told.before is not None:
        lines.append(words["before"].format(before=told.before))
    return "\n".join(lines)


def _clock(at: datetime, zone: ZoneInfo) -> str:
    return at.astimezone(zone).isoformat(" ", "seconds")
