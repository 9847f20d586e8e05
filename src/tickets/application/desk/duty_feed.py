"""On-call shifts as an iCalendar (RFC 5545) that calendar programs subscribe to.

They cannot send an API key, so a feed has an address of its own that proves itself: it ends in a MAC
(HMAC-SHA-256, its first 160 bits in base 32) over whose feed it is.
"""

import base64
import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event

from tickets.application.desk.duty import ShiftView, schedule_of, shifts_for, shifts_of
from tickets.application.desk.model import Desk
from tickets.domain.errors import NotFound

BEFORE, AFTER = timedelta(weeks=4), timedelta(weeks=26)
"""What a feed shows: from so long ago until so far ahead."""

Whose = Literal["schedules", "agents"]


def feed_token(whose: Whose, key: str, secret: bytes) -> str:
    """What the address of a feed ends in."""
    named = b"feed\0" + whose.encode() + b"\0" + key.encode()
    return base64.b32encode(hmac.digest(secret, named, "sha256"))[:32].decode().lower()


def proves(token: str, whose: Whose, key: str, secret: bytes) -> bool:
    """Whether a token is this feed's. Constant-time compare."""
    return hmac.compare_digest(token.encode(), feed_token(whose, key, secret).encode())


def feed(whose: Whose, key: str, desk: Desk, now: datetime) -> bytes:
    """The shifts of a schedule, gaps included, or of one agent. Raises `NotFound`."""
    start, end = now - BEFORE, now + AFTER
    if whose == "schedules":
        schedule = schedule_of(desk, key)
        title = key
        found = [(key, shift) for shift in shifts_of(schedule, desk, start, end).shifts]
    else:
        agent = desk.agents.get(key)
        if agent is None:
            raise NotFound(f"there is no agent {key}")
        title = agent.name or key
        found = list(shifts_for(key, desk, start, end))
    return _calendar(title, found, start, end, now)


def _calendar(
    title: str, found: Iterable[tuple[str, ShiftView]], start: datetime, end: datetime, now: datetime
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//tickets//on-call//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", title)
    for schedule, shift in found:
        calendar.add_component(_event(schedule, shift, start, end, now))
    written: bytes = calendar.to_ical()
    return written


def _event(schedule: str, shift: ShiftView, start: datetime, end: datetime, now: datetime) -> Event:
    """A shift under a name it keeps: a calendar program sees it move, not another one come.

    One without beginning or end is shown as far as the feed reaches.
    """
    since, until = shift.since or start, shift.until or end
    event = Event()
    event.add("uid", f"{schedule}.{since:%Y%m%dT%H%M%SZ}.{shift.agent or 'gap'}@tickets")
    event.add("dtstamp", now)
    event.add("dtstart", since)
    event.add("dtend", until)
    event.add("summary", f"{schedule}: {shift.name or shift.agent or 'NOBODY ON CALL'}")
    event.add("description", shift.reason)
    event.add("transp", "OPAQUE" if shift.agent else "TRANSPARENT")
    return event
