"""Answers by messenger: to which account's conversation, in how many parts."""

import base64
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
from msgspec import Struct

from tickets.application.answers.answer import Correspondence, Unanswered
from tickets.application.desk.model import Desk
from tickets.domain.draft import Attachment
from tickets.domain.ticket import Message, Outgoing, Ticket

Body = dict[str, object]
FILE = "file"
"""Where a part holds a file: `field` of the form it is sent in, `name`, `media_type`, base 64 `content`."""

LIMITS: Mapping[str, int] = {"zalo": 2_000, "messenger": 2_000, "whatsapp": 4_096, "telegram": 4_096}
"""The most each takes in one message; we count as they do at their strictest, in UTF-16 units."""

FILES: Mapping[str, int] = {"messenger": 25_000_000, "telegram": 50_000_000}
"""Who takes a file in one request, and the most bytes of one. Zalo and WhatsApp want it uploaded before."""

JOINER = "\N{ZERO WIDTH JOINER}"


class MessageAnswers(Struct, frozen=True):
    """The way of one provider to customers. Its rows go to `account/user` and hold every part's request."""

    way: str

    def answer(
        self, ticket: Ticket, message: Message, correspondence: Correspondence, desk: Desk
    ) -> Outgoing | Unanswered:
        """The messages that carry an agent's reply."""
        last = correspondence.last
        key = last.account if last is not None and last.source == self.way else ticket.account
        account, user = desk.message_accounts.get(key), correspondence.address(self.way)
        if account is None or account.provider != self.way:
            return Unanswered(f"the desk has no {self.way} account {key!r}")
        if account.token_env is None:
            return Unanswered(f"the message account {key!r} has no token_env to reply with")
        if user is None:
            return Unanswered(f"the customer has no {self.way} identity")
        if (reason := self._too_much(message.attachments)) is not None:
            return Unanswered(reason)
        if not message.text.strip() and not message.attachments:
            return Unanswered("there is no text in it")
        texts = split(message.text.strip(), LIMITS[self.way])
        parts = [_REQUEST[self.way](user, text, f"{message.id}") for text in texts]
        parts += [_WITH_FILE[self.way](user, file, f"{message.id}") for file in message.attachments]
        return Outgoing(
            id=message.id,
            way=self.way,
            destination=f"{key}/{user}",
            body=msgspec.json.encode(parts),
            cause={"ticket": str(ticket.id), "message": str(message.id)},
            created_at=message.occurred_at,
        )

    def _too_much(self, files: Sequence[Attachment]) -> str | None:
        """Why files cannot leave this way."""
        if files and self.way not in FILES:
            return f"files cannot leave by {self.way}; send the text alone, or a link"
        large = next((file for file in files if len(file.content) > FILES[self.way]), None)
        if large is None:
            return None
        return f"{large.name!r} is larger than the {FILES[self.way]} bytes that {self.way} takes"


def split(text: str, limit: int) -> list[str]:
    """A text in parts of at most `limit` UTF-16 units, cut where a reader would pause, never in a letter."""
    parts = []
    while _units(text) > limit:
        end = _end(text, limit)
        parts.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [part for part in (*parts, text) if part]


def beginning(text: str, limit: int) -> str:
    """As much of a text as fits into so many UTF-16 units, cut likewise; what is missing shows."""
    return text if _units(text) <= limit else text[: _end(text, limit - 1)].rstrip() + "…"


def _end(text: str, limit: int) -> int:
    reach = _within(text, limit)
    for pause in ("\n\n", "\n", ". ", " "):
        at = text.rfind(pause, reach // 2, reach)
        if at > 0:
            return at + len(pause.rstrip(" "))
    end = reach
    while end > reach - 50 and end > 1 and _clings(text, end):
        end -= 1
    return end


def _within(text: str, limit: int) -> int:
    """How many characters fit."""
    units = 0
    for place, character in enumerate(text):
        units += 2 if character > "\uffff" else 1
        if units > limit:
            return place
    return len(text)


def _clings(text: str, place: int) -> bool:
    """Whether the character there belongs to the one before it."""
    return unicodedata.combining(text[place]) > 0 or JOINER in text[place - 1 : place + 1]


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def _zalo(user: str, text: str, _name: str) -> Body:
    return {"recipient": {"user_id": user}, "message": {"text": text}}


def _messenger(user: str, text: str, name: str) -> Body:
    said = {"text": text, "metadata": f"tickets:{name}"}
    return {"recipient": {"id": user}, "messaging_type": "RESPONSE", "message": said}


def _whatsapp(user: str, text: str, name: str) -> Body:
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": user,
        "type": "text",
        "text": {"body": text},
        "biz_opaque_callback_data": name,
    }


def _telegram(user: str, text: str, _name: str) -> Body:
    return {"chat_id": user, "text": text}


_REQUEST: Mapping[str, Callable[[str, str, str], Body]] = {
    "zalo": _zalo,
    "messenger": _messenger,
    "whatsapp": _whatsapp,
    "telegram": _telegram,
}


def _file(file: Attachment) -> Body:
    return {
        "name": file.name,
        "media_type": file.media_type,
        "content": base64.b64encode(file.content).decode(),
    }


def _messenger_file(user: str, file: Attachment, name: str) -> Body:
    kind = file.media_type.partition("/")[0]
    shown = kind if kind in ("image", "audio", "video") else "file"
    said = {"attachment": {"type": shown, "payload": {}}, "metadata": f"tickets:{name}"}
    return {
        "recipient": {"id": user},
        "messaging_type": "RESPONSE",
        "message": said,
        FILE: _file(file) | {"field": "filedata"},
    }


def _telegram_file(user: str, file: Attachment, _name: str) -> Body:
    return {"chat_id": user, FILE: _file(file) | {"field": "document"}}


_WITH_FILE: Mapping[str, Callable[[str, Attachment, str], Body]] = {
    "messenger": _messenger_file,
    "telegram": _telegram_file,
}


def ways() -> Iterator[tuple[str, MessageAnswers]]:
    """Every way there is, by the source of what came by it."""
    for way in _REQUEST:
        yield way, MessageAnswers(way)
