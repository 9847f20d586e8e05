"""Addresses of programs on the desk: where they lead, and what programs there hear of."""

import re
from urllib.parse import urlsplit

from tickets.application.desk.fault import Faults
from tickets.application.desk.listeners import EVERYTHING
from tickets.application.desk.model import Desk
from tickets.domain.history import EVENTS, FAMILIES
from tickets.intake.unreadable import pointer

_HEARD = (EVERYTHING, *FAMILIES, *EVENTS)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9a-fA-F:.]{2,45}")


def check_webhooks(desk: Desk, faults: Faults) -> None:
    """Note every webhook that leads nowhere, and events there are none of."""
    for key, webhook in desk.webhooks.items():
        if not is_address(webhook.url):
            at = pointer("webhooks", key, "url")
            faults.add(at, "needs an http or https address without user, password or fragment")
        for n, event in enumerate(webhook.events):
            if event not in _HEARD:
                faults.unknown(pointer("webhooks", key, "events", n), "event", event, _HEARD)


def is_address(url: str) -> bool:
    """Whether it is one for HTTP, without anything secret in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = url.isprintable() and " " not in url and not parts.fragment and parts.username is None
    return plain and parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(parts.hostname or ""))
