"""Telegram bots: one update a call. Reference: "Telegram Bot API, Update"."""

from tickets.domain.draft import Identity
from tickets.intake.direct_message import DirectMessage, Told, enclosed, identifier, instant
from tickets.intake.json_tree import at, number_at, objects_at, text_at
from tickets.intake.unreadable import Fault

_FILES = ("document", "video", "audio", "voice", "animation", "video_note", "sticker")


def read_telegram(update: dict[str, object]) -> Told:
    """What a person wrote to the bot, or changed in it; groups and channels are no talk with us."""
    said = at(update, "message") or at(update, "edited_message")
    if text_at(said, "chat", "type") != "private" or at(said, "from", "is_bot") is True:
        return
    update_id, chat = identifier(text_at(update, "update_id")), identifier(text_at(said, "chat", "id"))
    if update_id is None:
        yield Fault("/update_id", "is required")
    elif chat is None:
        yield Fault("/message/chat/id", "is required")
    else:
        names = [text_at(said, "from", name) for name in ("first_name", "last_name")]
        yield DirectMessage(
            id=update_id,
            customer=(Identity("telegram", chat),),
            name=" ".join(filter(None, names)) or text_at(said, "from", "username"),
            text=_text(said),
            at=instant(number_at(said, "edit_date") or number_at(said, "date")),
        )


def _text(said: object) -> str:
    lines = [text_at(said, "text") or text_at(said, "caption")]
    if any(objects_at(said, "photo")):
        lines.append(enclosed("photo"))
    lines += [
        enclosed(kind, text_at(said, kind, "file_name"), text_at(said, kind, "emoji"))
        for kind in _FILES
        if at(said, kind) is not None
    ]
    if at(said, "contact") is not None:
        names = [text_at(said, "contact", name) for name in ("first_name", "last_name", "phone_number")]
        lines.append(enclosed("contact", *names))
    latitude, longitude = (number_at(said, "location", name) for name in ("latitude", "longitude"))
    if latitude is not None and longitude is not None:
        lines.append(enclosed("location", f"{latitude}", f"{longitude}"))
    return "\n".join(filter(None, lines)) or enclosed("message")
