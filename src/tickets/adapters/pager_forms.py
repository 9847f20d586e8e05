"""A page as each service takes it: its fields, what it gives a meaning, and how much it takes.

After "Sending messages using incoming webhooks" and "Formatting message text" (Slack), "Incoming webhooks"
(Mattermost), "Send a text message" and `spaces.messages.create` (Google Chat: 32,000 bytes), "Execute
Webhook" and `allowed_mentions` (Discord: 2,000 characters), `sendMessage` (Telegram: 4,096), "Publish as
JSON" (ntfy: 4,096 bytes), "Create incoming webhooks with Workflows" and Adaptive Cards 1.4 (Teams: 28 KB).
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tickets.application.answers.by_message import beginning
from tickets.application.desk.model import Pager, Service
from tickets.application.notices.page import Page

_SLACK, _MATTERMOST, _DISCORD, _TELEGRAM, _GOOGLE_CHAT = 40_000, 16_383, 2_000, 4_096, 10_000
"""The most they take, counted at their strictest: in UTF-16 units, of which none is more than three bytes."""

_NTFY = 4_096
"""The same in bytes."""

_CARD, _TITLE = 6_000, 250
"""What leaves room for the rest of a card, or of a push."""

_SMS = 4 * 67
"""Four parts of a short message that has letters beyond GSM 03.38, as Vietnamese has: 67 units each."""

_SHORTEST = 40
"""How much of a text there is at least, whatever its links take."""

_LINK = re.compile(r"(https?://\S+)")
_MARKDOWN = re.compile(r"[\\`*_~|\[\]<>]")

Form = dict[str, Any]


def form(pager: Pager, page: Page, phone: str) -> Form:
    """A page as its service takes it; the same page gives the same form."""
    return _FORMS[pager.service](pager, page, phone)


def _plain(text: str) -> str:
    return text


def _slack(text: str) -> str:
    """The three signs Slack gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _markdown(text: str) -> str:
    """Text that means nothing but itself; links are left as they are."""
    parts = _LINK.split(text)
    parts[::2] = (_MARKDOWN.sub(r"\\\g<0>", part) for part in parts[::2])
    return "".join(parts)


def _links(page: Page) -> list[str]:
    return [f"{link.label}: {link.url}" for link in page.links]


def _said(page: Page, most: int, write: Callable[[str], str] = _plain) -> str:
    """All of it in one text; where that is too long its links are what stays."""
    tail = write("\n".join(["", *_links(page), *([page.url] if page.url else [])]))
    return beginning(write(f"{page.title}\n\n{page.text}"), max(most - len(tail), _SHORTEST)) + tail


def _bytes(text: str, most: int) -> str:
    """As much of a text as fits, in bytes."""
    return text if len(text.encode()) <= most else text.encode()[: most - 3].decode(errors="ignore") + "…"


def _slack_text(_pager: Pager, page: Page, _phone: str) -> Form:
    return {"text": _said(page, _SLACK, _slack), "unfurl_links": False, "unfurl_media": False}


def _mattermost(_pager: Pager, page: Page, _phone: str) -> Form:
    return {"text": _said(page, _MATTERMOST, _markdown)}


def _google_chat(_pager: Pager, page: Page, _phone: str) -> Form:
    return {"text": _said(page, _GOOGLE_CHAT)}


def _discord(_pager: Pager, page: Page, _phone: str) -> Form:
    return {"content": _said(page, _DISCORD, _markdown), "allowed_mentions": {"parse": []}}


def _telegram(pager: Pager, page: Page, _phone: str) -> Form:
    quiet = {"is_disabled": True}
    return {"chat_id": pager.room, "text": _said(page, _TELEGRAM), "link_preview_options": quiet}


def _ntfy(pager: Pager, page: Page, _phone: str) -> Form:
    title, message = beginning(page.title, _TITLE), _bytes(page.text, _NTFY)
    asked = {"topic": pager.room, "title": title, "message": message, "priority": 4}
    if page.url:
        asked["click"] = page.url
    if page.links:
        asked["actions"] = [{"action": "view", "label": link.label, "url": link.url} for link in page.links]
    return asked


def _teams(_pager: Pager, page: Page, _phone: str) -> Form:
    """A card of runs of text, which have no Markdown, line by line."""
    lines = beginning(page.text, _CARD).splitlines()
    body = [_run(beginning(page.title, _TITLE), weight="Bolder"), *(_run(line) for line in lines if line)]
    links = [*((link.label, link.url) for link in page.links), *([(page.url, page.url)] if page.url else [])]
    actions = [{"type": "Action.OpenUrl", "title": label, "url": url} for label, url in links]
    card = {"type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions}
    attached = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [attached]}


def _run(text: str, **more: str) -> Form:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, **more}]}


def _phone(_pager: Pager, page: Page, phone: str) -> Form:
    text = "\n".join([page.text, *(["", *_links(page)] if page.links else [])])
    return {"phone": phone, "title": page.title, "text": text, "url": page.url, "sms": _short(page)}


def _short(page: Page) -> str:
    """The headline and the link that matters most, for a short message."""
    link = page.links[0].url if page.links else page.url
    tail = f"\n{link}" if link else ""
    return beginning(page.title, max(_SMS - len(tail), _SHORTEST)) + tail


_FORMS: Mapping[Service, Callable[[Pager, Page, str], Form]] = {
    "slack": _slack_text,
    "mattermost": _mattermost,
    "google_chat": _google_chat,
    "discord": _discord,
    "telegram": _telegram,
    "ntfy": _ntfy,
    "teams": _teams,
    "phone": _phone,
}
