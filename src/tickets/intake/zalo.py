"""Zalo Official Accounts: one event a call. Events: developers.zalo.me, "Webhook"."""

from hashlib import sha256

from tickets.domain.draft import Identity
from tickets.intake.direct_message import DirectMessage, Told, enclosed, identifier, instant
from tickets.intake.json_tree import at, number_at, objects_at, text_at
from tickets.intake.unreadable import Fault

IN = ("user_send_", "anonymous_send_")
OUT = "oa_send_"


def zalo_mac(app_id: str, body: bytes, timestamp: str, secret: str) -> str:
    """The MAC of an event: plain SHA-256 over app id, raw body, timestamp and the account's secret key."""
    told = (app_id.encode("utf-8", "replace"), body, timestamp.encode("utf-8", "replace"), secret.encode())
    return sha256(b"".join(told)).hexdigest()


def read_zalo(event: dict[str, object]) -> Told:
    """The message an event is about. Others (follows, seen and received marks) say nothing to us.

    What the account said counts only where an administrator said it: what applications send is sent by us or
    by campaigns, and no answer of a person.
    """
    name = text_at(event, "event_name")
    echo = name.startswith(OUT)
    if not name.startswith((*IN, OUT)) or (echo and not text_at(event, "sender", "admin_id")):
        return
    them, us = ("recipient", "sender") if echo else ("sender", "recipient")
    message_id = identifier(text_at(event, "message", "msg_id"))
    user = identifier(text_at(event, them, "id"))
    if message_id is None:
        yield Fault("/message/msg_id", "is required")
    elif user is None:
        yield Fault(f"/{them}/id", "is required")
    else:
        milliseconds = number_at(event, "timestamp")
        yield DirectMessage(
            id=message_id,
            customer=(Identity("zalo", user),),
            account=text_at(event, us, "id"),
            text=_text(event, name.rpartition("_")[2]),
            at=instant(None if milliseconds is None else milliseconds / 1000),
            echo=echo,
        )


def _text(event: dict[str, object], kind: str) -> str:
    lines = [text_at(event, "message", "text")]
    for attachment in objects_at(event, "message", "attachments"):
        payload = at(attachment, "payload")
        told = [text_at(payload, name) for name in ("name", "title", "description", "url")]
        place = at(payload, "coordinates")
        if place is not None:
            told += [text_at(place, "latitude"), text_at(place, "longitude")]
        lines.append(enclosed(text_at(attachment, "type"), *told))
    return "\n".join(filter(None, lines)) or enclosed(kind)
