"""Where the desk is reached and what it reaches: addresses and numbers, each of one object at most."""

import re
from urllib.parse import urlsplit

from tickets.application.desk.fault import Faults
from tickets.application.desk.listeners import EVERYTHING
from tickets.application.desk.model import Desk
from tickets.application.desk.places import PLACES, places_in
from tickets.domain.history import EVENTS, FAMILIES
from tickets.intake.addresses import normal_address
from tickets.intake.phones import e164
from tickets.intake.unreadable import pointer

ME = "me"
"""What stands for the agent a caller acts as, where an agent's key is asked for."""

_HEARD = (EVERYTHING, *FAMILIES, *EVENTS)
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|[0-9a-fA-F:.]{2,45}")


def check_agents(desk: Desk, faults: Faults) -> None:
    """Note agents whom nobody can write to or call as the desk says."""
    emails: dict[str, str | None] = {}
    if ME in desk.agents:
        faults.add(pointer("agents", ME), "in URLs `me` is whoever asks; give this agent another key")
    for key, agent in desk.agents.items():
        if agent.email is not None:
            emails[key] = normal_address(agent.email)
            if emails[key] is None:
                faults.add(pointer("agents", key, "email"), f"{agent.email!r} is no e-mail address")
        if agent.phone is not None and e164(agent.phone, desk.country) is None:
            faults.add(pointer("agents", key, "phone"), f"{agent.phone!r} is no telephone number")
    faults.shared("agents", "email", emails)


def check_mailboxes(desk: Desk, faults: Faults) -> None:
    """Note mailboxes that no mail can reach, or whose receipts cannot be written."""
    addresses = {key: normal_address(mailbox.address) for key, mailbox in desk.mailboxes.items()}
    for key, address in addresses.items():
        if address is None:
            text = desk.mailboxes[key].address
            faults.add(pointer("mailboxes", key, "address"), f"{text!r} is no e-mail address")
    faults.shared("mailboxes", "address", addresses)
    for key, mailbox in desk.mailboxes.items():
        if mailbox.agents_reply and not mailbox.trusts:
            faults.add(pointer("mailboxes", key, "agents_reply"), "needs `trusts`: who vouches for agents?")
        at = pointer("mailboxes", key, "receipt_text")
        try:
            unknown = sorted(places_in(mailbox.receipt_text) - PLACES)
        except ValueError:
            faults.add(at, "has a brace that never closes; write {{ and }} for braces")
        else:
            for place in unknown:
                faults.unknown(at, "place", place, PLACES)


def check_hotlines(desk: Desk, faults: Faults) -> None:
    """Note hotlines without a number or their provider's due.

    Short numbers are dialled too, so anything with a digit is one.
    """
    numbers: dict[str, str | None] = {}
    for key, line in desk.hotlines.items():
        numbers[key] = e164(line.number, line.country) or re.sub(r"\D", "", line.number) or None
        if numbers[key] is None:
            faults.add(pointer("hotlines", key, "number"), f"{line.number!r} is no telephone number")
        if line.exchange == "mapped" and line.mapping is None:
            faults.add(pointer("hotlines", key, "exchange"), "a mapped exchange needs a `mapping`")
        if line.exchange == "twilio" and line.secret_env is None:
            faults.add(pointer("hotlines", key, "exchange"), "Twilio needs `secret_env` for its auth token")
    faults.shared("hotlines", "number", numbers)


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
