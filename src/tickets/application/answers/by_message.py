"""Answers by messenger: to which account's conversation, in how many parts."""

import unicodedata
from collections.abc import Callable, Iterator, Mapping

import msgspec
from msgspec import Struct

from tickets.application.answers.answer import Correspondence, Unanswered
from tickets.application.desk.model import Desk
from tickets.domain.ticket import Message, Outgoing, Ticket

Body = dict[str, object]

LIMITS: Mapping[str, int] = {"zalo": 2_000, "messenger": 2_000, "whatsapp": 4_096, "telegram": 4_096}
"""The most each takes in one message; we count as they do at their strictest, in UTF-16 units."""

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
        if message.attachments:
            return Unanswered(f"files cannot leave by {self.way}; send the text alone, or a link")
        if not message.text.strip():
            return Unanswered("there is no text in it")
        texts = split(message.text.strip(), LIMITS[self.way])
        parts = [_REQUEST[self.way](user, text, f"{message.id}") for text in texts]
        return Outgoing(
            id=message.id,
            way=self.way,
            destination=f"{key}/{user}",
            body=msgspec.json.encode(parts),
            cause={"ticket": str(ticket.id), "message": str(message.id)},
            created_at=message.occurred_at,
        )


def split(text: str, limit: int) -> list[str]:
    """A text in parts of at most `limit` UTF-16 units, cut where a reader would pause, never in a letter."""
    parts = []
    while _units(text) > limit:
        end = _end(text, limit)
        parts.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [part for part in (*parts, text) if part]


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


def ways() -> Iterator[tuple[str, MessageAnswers]]:
    """Every way there is, by the source of what came by it."""
    for way in _REQUEST:
        yield way, MessageAnswers(way)
