"""WhatsApp Cloud: batches of changes, several numbers in one body. Reference: "Webhooks"."""

from uuid import UUID

from tickets.domain.draft import Identity
from tickets.intake.direct_message import DirectMessage, Told, Undelivered, enclosed, identifier, instant
from tickets.intake.json_tree import at, number_at, objects_at, text_at
from tickets.intake.phones import e164
from tickets.intake.text import line
from tickets.intake.unreadable import Fault

SILENT = frozenset({"reaction", "system", "request_welcome"})
"""Types of messages in which nobody says anything."""


def read_whatsapp(body: dict[str, object]) -> Told:
    """The messages of a batch, what staff typed in the business app, and which of ours came to nothing."""
    for entry in objects_at(body, "entry"):
        for change in objects_at(entry, "changes"):
            value = at(change, "value")
            ours = text_at(value, "metadata", "phone_number_id")
            names = {
                text_at(contact, "wa_id"): text_at(contact, "profile", "name")
                for contact in objects_at(value, "contacts")
            }
            for message in objects_at(value, "messages"):
                yield from _message(message, "from", ours, names)
            for message in objects_at(value, "message_echoes"):
                yield from _message(message, "to", ours, names)
            for status in objects_at(value, "statuses"):
                yield from _status(status)


def _message(message: dict[str, object], them: str, ours: str, names: dict[str, str]) -> Told:
    kind = text_at(message, "type")
    if kind in SILENT:
        return
    message_id, user = identifier(text_at(message, "id")), identifier(text_at(message, them))
    if message_id is None:
        yield Fault("/entry/changes/value/messages/id", "is required")
    elif user is None:
        yield Fault(f"/entry/changes/value/messages/{them}", "is required")
    else:
        number = e164(f"+{user}", "VN")
        phone = (Identity("phone", number),) if number is not None and user.isdigit() else ()
        yield DirectMessage(
            id=message_id,
            customer=(Identity("whatsapp", user), *phone),
            account=ours,
            name=names.get(user, ""),
            text=_text(message, kind),
            at=instant(number_at(message, "timestamp")),
            echo=them == "to",
        )


def _text(message: dict[str, object], kind: str) -> str:
    said = at(message, kind)
    words = (
        text_at(said, "body")
        or text_at(said, "text")  # a template's button
        or text_at(said, "button_reply", "title")
        or text_at(said, "list_reply", "title")
    )
    if words:
        return words
    told = [text_at(said, name) for name in ("filename", "name", "address", "latitude", "longitude", "id")]
    for name in ("latitude", "longitude"):
        number = number_at(said, name)
        told += [] if number is None or text_at(said, name) else [f"{number}"]
    for person in objects_at(message, "contacts"):
        told += [text_at(person, "name", "formatted_name")]
        told += [text_at(phone, "phone") for phone in objects_at(person, "phones")]
    return "\n".join(filter(None, (text_at(said, "caption"), enclosed(kind, *told))))


def _status(status: dict[str, object]) -> Told:
    """What became of a message of ours; we gave its id along as `biz_opaque_callback_data`."""
    if text_at(status, "status") != "failed":
        return
    try:
        message = UUID(text_at(status, "biz_opaque_callback_data"))
    except ValueError:
        return
    told = [f"{text_at(error, 'code')} {text_at(error, 'title')}" for error in objects_at(status, "errors")]
    yield Undelivered(message, line("; ".join(told)) or "WhatsApp could not deliver it")
