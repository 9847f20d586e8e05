"""Pages to chat rooms, push topics and telephones: one JSON request each, to an address that was judged.

The URL is the secret and comes from the environment; what is said of an attempt never names it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

import msgspec

from tickets.adapters.direct import Answer, Post
from tickets.adapters.pager_forms import form
from tickets.application.desk.model import Pager, Service
from tickets.application.notices.page import read_page
from tickets.application.outbox.deliver import Outcome
from tickets.intake.json_tree import at, number_at, text_at

OK, GONE = 200, 410

_NEVER = {400, 401, 403, 404}
"""What services that are the same for everybody say when they will not take a page tomorrow either: the room
or the webhook was deleted, the bot was thrown out. Servers of one's own say so while they are repaired."""

_EVERYBODYS: frozenset[Service] = frozenset({"slack", "google_chat", "discord", "teams", "telegram"})

_UNDELIVERED = "Webhook message delivery failed"
"""What connectors of Teams answer with 200 when Teams has not taken a card."""

_SHORT = 3
"""Parts of a URL up to this length may stand in an answer by chance."""

_encode = msgspec.json.Encoder().encode


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
        return answer if isinstance(answer, Outcome) else _judge(answer, pager, url)


def fingerprint(url: str) -> str:
    """By which a URL is known again, since it is a secret."""
    return sha256(url.encode()).hexdigest()


def _judge(answer: Answer, pager: Pager, url: str) -> Outcome:
    if OK <= answer.status < 300 and not _refuses(answer):  # noqa: PLR2004 - RFC 9110 §15.3
        return Outcome.sent()
    said = f"{pager.service} answered {answer.status}{_words(answer, url)}"
    if answer.status == GONE:
        return Outcome.refused(f"{said}: it is gone; change {pager.url_env}", gone=fingerprint(url))
    if answer.status in _NEVER and pager.service in _EVERYBODYS:
        return Outcome.refused(said)
    return Outcome.failed(said, _wait(answer))


def _refuses(answer: Answer) -> bool:
    """Whether 200 means no."""
    return at(answer.tree, "ok") is False or _UNDELIVERED in answer.said


def _wait(answer: Answer) -> timedelta | None:
    """How long it asks to be left alone: in the header, or as Discord and Telegram say it."""
    seconds = number_at(answer.tree, "retry_after") or number_at(answer.tree, "parameters", "retry_after")
    asked = None if seconds is None else timedelta(seconds=min(max(seconds, 0), 10**6))
    return max(filter(None, (asked, answer.wait)), default=None)


def _words(answer: Answer, url: str) -> str:
    """What it says of it, unless it repeats a part of the URL."""
    said = text_at(answer.tree, "description") or text_at(answer.tree, "message") or answer.said
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in said).split())
    return f": {line}" if line and not any(part in line for part in _secrets(url)) else ""


def _secrets(url: str) -> list[str]:
    """What of a URL nobody may read: all but its scheme and host."""
    authority, _, path = url.partition("://")[2].partition("/")
    said = f"{authority.rpartition('@')[0]}/{path}"
    return [part for part in re.split("[/?&=:#]+", said) if len(part) > _SHORT]
