"""Asterisk's manager interface (AMI): its messages, and the channel events they tell of. Pure.

https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Manager-Interface-AMI/
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import msgspec

from tickets.intake.call_reports import CallReport
from tickets.intake.call_trace import ChannelEvent, calls_of, channel_event
from tickets.intake.line import Line
from tickets.intake.unreadable import Fault, Unreadable

Message = Mapping[str, str]
"""A message of the manager, by the names of its lines in lower case."""

MESSAGE_LIMIT = 1_000_000
"""Bytes of one message: the answer to a command may be long, an event never is."""

_NAMES = {
    "newchannel": "CHAN_START",
    "bridgeenter": "BRIDGE_ENTER",
    "bridgeleave": "BRIDGE_EXIT",
    "hangup": "CHAN_END",
    "hold": "HOLD",
    "unhold": "UNHOLD",
    "blindtransfer": "BLINDTRANSFER",
    "attendedtransfer": "ATTENDEDTRANSFER",
    "queuecallerjoin": "APP_START",
}
_events = msgspec.json.Decoder(list[ChannelEvent]).decode


def read_message(block: bytes) -> Message:
    """One message, without the empty line that ends it. A command's output is left out."""
    lines = (line.partition(":") for line in block.decode("utf-8", "replace").splitlines())
    return {name.strip().lower(): text.strip() for name, colon, text in lines if colon}


def write_message(**lines: str) -> bytes:
    """An action to send. Raises `ValueError` on a line that would be two."""
    for text in lines.values():
        if "\r" in text or "\n" in text:
            raise ValueError("a line of an action must not hold a line break")
    return "".join(f"{name}: {text}\r\n" for name, text in lines.items()).encode() + b"\r\n"


def login_key(challenge: str, secret: str) -> str:
    """The answer to a challenge: MD5 of both, as the protocol has it; the secret itself does not travel."""
    return hashlib.md5(f"{challenge}{secret}".encode(), usedforsecurity=False).hexdigest()


def is_old(greeting: str) -> bool:
    """Whether it speaks AMI 1 (Asterisk 11 and older), whose own events do not say which call they are of."""
    return greeting.startswith("Asterisk Call Manager/1.")


def event_of(message: Message, now: datetime, *, old: bool) -> ChannelEvent | None:
    """The channel event in a message that came `now`; None when it tells nothing of a call.

    An old Asterisk tells of calls in its `CEL` events only, where these are switched on.
    """
    kind = message.get("event", "").lower()
    if kind == "cel":
        return _of_cel(message) if old else None
    linked = (
        message.get("linkedid") or message.get("transfererlinkedid") or message.get("origtransfererlinkedid")
    )
    name = _NAMES.get(kind)
    if kind == "newstate" and message.get("channelstate") == "6":
        name = "ANSWER"
    if name is None or not linked:
        return None
    number = message.get("calleridnum", "")
    return ChannelEvent(
        name=name,
        at=now,
        channel=message.get("channel", ""),
        unique=message.get("uniqueid") or linked,
        linked=linked,
        number="" if number.startswith("<") else number,
        exten=message.get("exten", ""),
        context=message.get("context", ""),
        application="Queue" if kind == "queuecallerjoin" else "",
    )


def channel_there(message: Message, now: datetime) -> ChannelEvent | None:
    """The channel that a line of `CoreShowChannels` shows, begun when its duration says."""
    if not message.get("linkedid"):
        return None
    hours, minutes, seconds = (
        [0, 0, 0] + [int(part) for part in message.get("duration", "").split(":") if part.isdigit()]
    )[-3:]
    began = now - timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return event_of({**message, "event": "newchannel"}, began, old=False)


def write_events(events: Iterable[ChannelEvent]) -> bytes:
    """Channel events as the body of an envelope."""
    return msgspec.json.encode(list(events))


def read_events(body: bytes, line: Line) -> tuple[CallReport, ...]:
    """The calls that such a body tells of. Raises `Unreadable`."""
    try:
        return calls_of(_events(body), line)
    except msgspec.DecodeError as error:
        raise Unreadable([Fault("", f"no channel events: {error}")]) from error


def _of_cel(message: Message) -> ChannelEvent | None:
    try:
        return channel_event(
            {
                "eventtype": message.get("eventname", ""),
                "eventtime": message.get("eventtime", ""),
                "uniqueid": message.get("uniqueid", ""),
                "linkedid": message.get("linkedid", ""),
                "channame": message.get("channel", ""),
                "cid_num": message.get("calleridnum", ""),
                "exten": message.get("exten", ""),
                "context": message.get("context", ""),
                "appname": message.get("application", ""),
            }
        )
    except ValueError:
        return None
