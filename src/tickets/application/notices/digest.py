"""How the pages of one hour that were too many read together: as one mail, or as one page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from tickets.application.notices.alerts import METRICS, Language, spoken
from tickets.application.notices.mail import notice_mail
from tickets.application.notices.page import Page, harmless, stored
from tickets.domain.escalation import Manner
from tickets.intake.text import printable

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "subject": "{count} more alerts within the hour",
        "opening": "These came within an hour in which you had {most} pages already, and were gathered:",
        "over": "Over meanwhile: {over}.",
    },
    "vi": {
        "subject": "Thêm {count} cảnh báo trong một giờ",
        "opening": "Những cảnh báo này đến trong giờ mà bạn đã nhận {most} tin, nên được gom lại:",
        "over": "Đã xong trong lúc chờ: {over}.",
    },
}


class Gathered(Struct, frozen=True, kw_only=True):
    """A page that waits in a digest: its alert as it is now, and the ticket."""

    alert: UUID
    state: str
    metric: str
    level: str
    occurred_at: datetime
    ticket: UUID
    number: int
    subject: str
    priority: str


class Digests:
    """Writes digests. `sender` is the From of the mails, `public_url` stands before `/v1/…`."""

    def __init__(self, *, sender: str, public_url: str) -> None:
        self._sender = sender
        self._public_url = public_url

    def render(
        self,
        way: str,
        destination: str,
        notice_id: UUID,
        gathered: Sequence[Gathered],
        manner: Manner,
        most: int,
        now: datetime,
    ) -> bytes | None:
        """The bytes; None when every alert in it is over. Same in, same bytes out."""
        waiting = tuple(each for each in gathered if each.state == "open")
        if not waiting:
            return None
        language = spoken(manner)
        words, zone = WORDS[language], ZoneInfo(manner.timezone)
        title = words["subject"].format(count=len(waiting))
        lines = [words["opening"].format(most=most), ""]
        for each in waiting:
            at = each.occurred_at.astimezone(zone).strftime("%H:%M")
            metric = METRICS[language].get(each.metric, each.metric)
            subject = printable(each.subject) if way == "email" else harmless(printable(each.subject))
            lines.append(f"{at}  #{each.number} {subject} – {metric} ({printable(each.level)})")
            lines.append(f"       {self._public_url}/v1/tickets/{each.ticket}")
        if over := len(gathered) - len(waiting):
            lines += ["", words["over"].format(over=over)]
        if way == "pager":
            return stored(Page(title=title, text="\n".join(lines)))
        return notice_mail(self._sender, destination, notice_id, now, title, "\n".join(lines))
