"""Pages to chat rooms, push topics and telephones: one JSON request each, to an address that was judged.

The URL is the secret and comes from the environment; what is said of an attempt never names it. Forms after
"Sending messages using incoming webhooks" (Slack), "Send and receive messages via incoming webhooks: adaptive
cards" (Teams), "Execute Webhook" (Discord), "sendMessage" (Telegram), "Publish as JSON" (ntfy).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import msgspec

from tickets.adapters.direct import Post
from tickets.application.deliver import Outcome
from tickets.application.desk.model import Pager, Service
from tickets.application.page import Page, read_page

OK, GONE = 200, 410
_DISCORD, _TELEGRAM, _SLACK = 2_000, 4_096, 40_000
"""The most characters they take."""

_encode = msgspec.json.Encoder().encode


def form(pager: Pager, page: Page, phone: str) -> dict[str, Any]:
    """A page as its service takes it; the same page gives the same form."""
    return _FORMS[pager.service](pager, page, phone)


def _said(page: Page) -> str:
    return "\n".join([page.title, "", page.text, *([page.url] if page.url else [])])


def _text(_pager: Pager, page: Page, _phone: str) -> dict[str, Any]:
    return {"text": _said(page)}


def _slack_text(_pager: Pager, page: Page, _phone: str) -> dict[str, Any]:
    return {"text": _slack(_said(page))[:_SLACK]}


def _discord(_pager: Pager, page: Page, _phone: str) -> dict[str, Any]:
    return {"content": _said(page)[:_DISCORD], "allowed_mentions": {"parse": []}}


def _telegram(pager: Pager, page: Page, _phone: str) -> dict[str, Any]:
    quiet = {"is_disabled": True}
    return {"chat_id": pager.room, "text": _said(page)[:_TELEGRAM], "link_preview_options": quiet}


def _ntfy(pager: Pager, page: Page, _phone: str) -> dict[str, Any]:
    asked = {"topic": pager.room, "title": page.title, "message": page.text, "priority": 4}
    return asked | ({"click": page.url} if page.url else {})


def _teams(_pager: Pager, page: Page, _phone: str) -> dict[str, Any]:
    return {"type": "message", "attachments": [_card(page)]}


def _phone(_pager: Pager, page: Page, phone: str) -> dict[str, Any]:
    return {"phone": phone, "title": page.title, "text": page.text, "url": page.url}


_FORMS: Mapping[Service, Callable[[Pager, Page, str], dict[str, Any]]] = {
    "slack": _slack_text,
    "mattermost": _text,
    "google_chat": _text,
    "discord": _discord,
    "telegram": _telegram,
    "ntfy": _ntfy,
    "teams": _teams,
    "phone": _phone,
}


def _slack(text: str) -> str:
    """The three signs Slack gives a meaning."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _card(page: Page) -> dict[str, Any]:
    body = [
        {"type": "TextBlock", "text": page.title, "weight": "Bolder", "wrap": True},
        {"type": "TextBlock", "text": page.text.replace("\n", "\n\n"), "wrap": True},
    ]
    actions = [{"type": "Action.OpenUrl", "title": page.url, "url": page.url}] if page.url else []
    card = {"type": "AdaptiveCard", "version": "1.4", "body": body, "actions": actions}
    return {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}


class PagerWay:
    """The way `pager`: a destination is the key of a pager of the desk, and the number behind a slash."""

    def __init__(
        self,
        post: Post,
        pager: Callable[[str], Awaitable[Pager | None]],
        environment: Mapping[str, str],
    ) -> None:
        self._post = post
        self._pager = pager
        self._environment = environment

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
        """Hand the page over, once; the row's id goes along, so that it is recognised when it comes again."""
        key, _, phone = destination.partition("/")
        pager = await self._pager(key)
        if pager is None:
            return Outcome.refused(f"the desk has no pager {key!r}")
        url = self._environment.get(pager.url_env, "")
        if not url:
            return Outcome.failed(f"{pager.url_env} is not in the environment")
        asked = _encode(form(pager, read_page(body), phone))
        answer = await self._post(url, asked, {"idempotency-key": str(row)})
        if isinstance(answer, Outcome):
            return answer
        if OK <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return Outcome.sent()
        if answer.status == GONE:
            return Outcome.refused(f"{pager.service} answered 410: it is gone; change {pager.url_env}")
        return Outcome.failed(f"{pager.service} answered {answer.status}", answer.wait)
