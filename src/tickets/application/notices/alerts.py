"""How an alert reads: as mail to people, and as JSON to programs. Same in, same bytes out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from tickets.application.facts import ROUTING, runs_of
from tickets.application.notices.mail import domain_of, notice_mail
from tickets.application.notices.page import Link, Page, harmless, stored
from tickets.application.notices.tell_events import Event
from tickets.application.notices.webhook_body import Told, webhook_body
from tickets.application.runs.links import STANDS, Invited, link_token
from tickets.domain.escalation import Format, Manner, Recipient
from tickets.domain.ticket import Alert, Ticket
from tickets.intake.text import printable
from tickets.intake.threading import message_id

Language = Literal["en", "vi"]

METRICS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "first_response": "first response",
        "next_response": "next response",
        "periodic_update": "periodic update",
        "resolution": "resolution",
        "assignment": "assignment",
        "requester_wait": "customer's wait",
        "agent_work": "agents' work",
        "callback": "callback",
        "routing": "finding an agent",
        "rule": "escalation",
        "manual": "escalation",
    },
    "vi": {
        "first_response": "phản hồi đầu tiên",
        "next_response": "phản hồi tiếp theo",
        "periodic_update": "cập nhật định kỳ",
        "resolution": "giải quyết",
        "assignment": "phân công",
        "requester_wait": "thời gian khách chờ",
        "agent_work": "thời gian xử lý",
        "callback": "gọi lại",
        "routing": "tìm người phụ trách",
        "rule": "báo động",
        "manual": "báo động",
    },
}
WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "subject": "{priority}: {metric} of #{number} ({level}) – {subject}",
        "opening": "Ticket #{number} needs attention: its promise of {metric} has reached level {level}.",
        "stuck": "Ticket #{number} waits and goes to nobody: somebody has to see to it.",
        "run": "Ticket #{number} needs somebody: level {level} of its escalation has been reached.",
        "acknowledge": "I have it",
        "reason": "Reason",
        "ticket": "Ticket",
        "priority": "Priority",
        "status": "Status",
        "team": "Team",
        "assignee": "Assignee",
        "due": "Due",
        "reached": "Level reached",
        "repeat": "Reminder",
        "covers": "Also covers",
        "low": "Low",
        "normal": "Normal",
        "high": "High",
        "urgent": "Urgent",
        "new": "New",
        "open": "Open",
        "pending": "Waits for the customer",
        "on_hold": "Waits for somebody else",
        "solved": "Solved",
        "closed": "Closed",
    },
    "vi": {
        "subject": "{priority}: {metric} của phiếu #{number} ({level}) – {subject}",
        "opening": "Phiếu #{number} cần được xử lý: cam kết {metric} đã đến mức {level}.",
        "stuck": "Phiếu #{number} đang chờ và không được giao cho ai: cần người xử lý.",
        "run": "Phiếu #{number} cần người xử lý: báo động đã đến mức {level}.",
        "acknowledge": "Tôi nhận xử lý",
        "reason": "Lý do",
        "ticket": "Phiếu",
        "priority": "Ưu tiên",
        "status": "Trạng thái",
        "team": "Nhóm",
        "assignee": "Người phụ trách",
        "due": "Hạn",
        "reached": "Đến mức lúc",
        "repeat": "Nhắc lần",
        "covers": "Bao gồm cả",
        "low": "Thấp",
        "normal": "Bình thường",
        "high": "Cao",
        "urgent": "Khẩn cấp",
        "new": "Mới",
        "open": "Đang xử lý",
        "pending": "Chờ khách",
        "on_hold": "Chờ bên thứ ba",
        "solved": "Đã giải quyết",
        "closed": "Đã đóng",
    },
}


class AlertTicket(Struct, frozen=True, kw_only=True):
    """What a webhook tells of the ticket: enough to act on, nothing about the customer."""

    id: UUID
    number: int
    url: str
    channel: str
    subject: str
    status: str
    priority: str
    team: str | None
    assignee: str | None
    due_at: datetime | None
    stuck: str | None


class AlertData(Struct, frozen=True, kw_only=True):
    """An alert and its ticket; of a run why it began, and the link by which the recipient acknowledges."""

    alert: Alert
    ticket: AlertTicket
    reason: str | None
    acknowledge_url: str | None


class EventData(Struct, frozen=True, kw_only=True):
    """What happened to a ticket, and the ticket after it."""

    event: Event
    ticket: AlertTicket


class AlertNotices:
    """The `Notices` of escalation, and of events.

    `sender` is the From of the mails, `public_url` stands before `/v1/…`.
    `secret` keys Message-IDs of alerts: an answer, or one that came back, joins its ticket and opens none.
    It signs the links of runs, too.
    """

    def __init__(self, *, sender: str, public_url: str, secret: bytes) -> None:
        self._sender = sender
        self._public_url = public_url
        self._secret = secret

    def render(
        self,
        way: str,
        destination: str,
        notice_id: UUID,
        alert: Alert,
        ticket: Ticket,
        recipient: Recipient,
    ) -> bytes:
        """The bytes to send to a recipient, the same in every attempt."""
        link, manner = self._link(alert, recipient), recipient.manner
        if way == "pager":
            return stored(self.page(alert, ticket, manner, link))
        if way != "email":
            data = AlertData(
                alert=alert,
                ticket=self._shown(ticket),
                reason=_reason(alert, ticket),
                acknowledge_url=link,
            )
            told = self._told(notice_id, "alert.raised", alert.detected_at, ticket, data)
            return webhook_body(told, manner.format)
        voice = _Voice(spoken(manner), ZoneInfo(manner.timezone))
        has_it = f"\n\n{voice.words['acknowledge']}: {link}" if link else ""
        text = f"{voice.text(alert, ticket)}{has_it}\n\n{self._url(ticket)}"
        own_id = message_id(ticket.id, notice_id, domain_of(self._sender), self._secret, "notice")
        title = voice.subject(alert, ticket)
        return notice_mail(self._sender, destination, own_id, alert.detected_at, title, text)

    def event(self, notice_id: UUID, event: Event, ticket: Ticket, written: Format) -> bytes:
        """The bytes to send, the same in every attempt."""
        data = EventData(event=event, ticket=self._shown(ticket))
        return webhook_body(self._told(notice_id, event.type, event.occurred_at, ticket, data), written)

    def _told(self, notice_id: UUID, event: str, at: datetime, ticket: Ticket, data: Struct) -> Told:
        source, subject = self._public_url, f"/v1/tickets/{ticket.id}"
        return Told(id=notice_id, type=event, at=at, source=source, subject=subject, data=data)

    def _link(self, alert: Alert, recipient: Recipient) -> str | None:
        if alert.run is None:
            return None
        names = (recipient.name, *recipient.beside)
        invited = Invited(alert.ticket_id, alert.run, names, alert.detected_at + STANDS)
        return f"{self._public_url}/v1/escalations/{link_token(invited, self._secret)}"

    def page(self, alert: Alert, ticket: Ticket, manner: Manner, link: str | None = None) -> Page:
        """A headline, what there is to know, and the ticket's address; with `link`, how to acknowledge."""
        voice = _Voice(spoken(manner), ZoneInfo(manner.timezone), harmless)
        links = (Link(voice.words["acknowledge"], link),) if link else ()
        return Page(voice.subject(alert, ticket), voice.text(alert, ticket), self._url(ticket), links)

    def _shown(self, ticket: Ticket) -> AlertTicket:
        return AlertTicket(
            id=ticket.id,
            number=ticket.number,
            url=self._url(ticket),
            channel=ticket.channel,
            subject=ticket.subject,
            status=ticket.status,
            priority=ticket.priority,
            team=ticket.team,
            assignee=ticket.assignee,
            due_at=ticket.due_at,
            stuck=ticket.stuck,
        )

    def _url(self, ticket: Ticket) -> str:
        return f"{self._public_url}/v1/tickets/{ticket.id}"


class _Voice(Struct, frozen=True):
    """Says it in a language, with the wall clock of a zone, and `quoted` what others wrote."""

    language: Language
    zone: ZoneInfo
    quoted: Callable[[str], str] = str

    @property
    def words(self) -> Mapping[str, str]:
        return WORDS[self.language]

    def subject(self, alert: Alert, ticket: Ticket) -> str:
        return self.words["subject"].format(
            priority=self.words[ticket.priority],
            metric=self.metric(alert),
            number=ticket.number,
            level=printable(alert.level),
            subject=self.quoted(printable(ticket.subject)),
        )

    def text(self, alert: Alert, ticket: Ticket) -> str:
        reason = _reason(alert, ticket)
        lines = {
            "reason": reason and self.quoted(reason),
            "ticket": f"#{ticket.number} {self.quoted(printable(ticket.subject))}",
            "priority": self.words[ticket.priority],
            "status": self.words[ticket.status],
            "team": ticket.team,
            "assignee": ticket.assignee,
            "due": ticket.due_at and self.instant(ticket.due_at),
            "reached": self.instant(alert.occurred_at),
            "repeat": str(alert.repeat) if alert.repeat else None,
            "covers": ", ".join(alert.covers),
        }
        opening = self.words[_OPENINGS.get(alert.metric, "opening")].format(
            number=ticket.number, metric=self.metric(alert), level=printable(alert.level)
        )
        facts = "\n".join(f"{self.words[name]}: {value}" for name, value in lines.items() if value)
        return f"{opening}\n\n{facts}"

    def metric(self, alert: Alert) -> str:
        return METRICS[self.language].get(alert.metric, alert.metric)

    def instant(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat(" ", "seconds")


_OPENINGS = {ROUTING: "stuck", "rule": "run", "manual": "run"}


def _reason(alert: Alert, ticket: Ticket) -> str | None:
    """Why its run began, or else why routing gave it up."""
    begun = next((run.reason for run in runs_of(ticket) if run.id == str(alert.run)), "") if alert.run else ""
    return printable(begun or ticket.stuck or "") or None


def spoken(manner: Manner) -> Language:
    """The first language of a manner that notices are written in; English when there is none."""
    for tag in manner.languages:
        match tag.partition("-")[0].lower():
            case "en":
                return "en"
            case "vi":
                return "vi"
    return "en"
