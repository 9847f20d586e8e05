"""Facebook Messenger: batches of events, several pages in one body. Reference: "Webhooks"."""

import hmac

from tickets.domain.draft import Identity
from tickets.intake.direct_message import DirectMessage, Told, enclosed, identifier, instant
from tickets.intake.json_tree import at, number_at, objects_at, text_at
from tickets.intake.unreadable import Fault

OURS = "tickets:"
"""How the `metadata` of what we send begins; Messenger gives it back with the echo."""

PAGE_INBOX = "263902037430900"
"""The application under which people answer in the page's own inbox."""


def hub_signature(body: bytes, secret: str) -> str:
    """What `X-Hub-Signature-256` must say: HMAC-SHA256 of the raw body under the app secret."""
    return f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}"


def read_messenger(body: dict[str, object]) -> Told:
    """The messages of a batch. Deliveries, reads and reactions say nothing; echoes of our own are dropped."""
    for entry in objects_at(body, "entry"):
        for event in objects_at(entry, "messaging"):
            yield from _event(event, text_at(entry, "id"))


def _event(event: dict[str, object], page: str) -> Told:
    said = at(event, "message") if isinstance(at(event, "message"), dict) else at(event, "postback")
    if not isinstance(said, dict):
        return
    echo = at(said, "is_echo") is True
    if echo and (
        text_at(said, "metadata").startswith(OURS) or text_at(said, "app_id") not in ("", PAGE_INBOX)
    ):
        return  # an application said it: ours, or another that is no person either
    them = "recipient" if echo else "sender"
    message_id, user = identifier(text_at(said, "mid")), identifier(text_at(event, them, "id"))
    if message_id is None:
        yield Fault("/entry/messaging/message/mid", "is required")
    elif user is None:
        yield Fault(f"/entry/messaging/{them}/id", "is required")
    else:
        milliseconds = number_at(event, "timestamp")
        yield DirectMessage(
            id=message_id,
            customer=(Identity("messenger", user),),
            account=page,
            text=_text(said),
            at=instant(None if milliseconds is None else milliseconds / 1000),
            echo=echo,
        )


def _text(said: dict[str, object]) -> str:
    lines = [text_at(said, "text") or text_at(said, "title")]
    for attachment in objects_at(said, "attachments"):
        payload = at(attachment, "payload")
        place = at(payload, "coordinates")
        told = [text_at(payload, "title"), text_at(payload, "url")]
        if place is not None:
            told += [str(number_at(place, "lat") or ""), str(number_at(place, "long") or "")]
        lines.append(enclosed(text_at(attachment, "type"), *told))
    return "\n".join(filter(None, lines)) or enclosed("message")
