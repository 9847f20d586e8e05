"""Replies by a Telegram bot. Reference: "Telegram Bot API", sendMessage, sendDocument, requests."""

from collections.abc import Mapping
from datetime import timedelta

from tickets.adapters.direct import Answer, Post, travelling
from tickets.application.outbox.deliver import Outcome
from tickets.intake import MessageAccount
from tickets.intake.json_tree import at, number_at, text_at

API = "https://api.telegram.org"

_NEVER = {400, 403}
"""It does not take the message, or the person has blocked the bot."""


class Telegram:
    """A carrier. The token stands in the URL, so nothing said here names that."""

    def __init__(self, post: Post, environment: Mapping[str, str], api: str = API) -> None:
        self._post = post
        self._environment = environment
        self._api = api

    async def carry(self, account: MessageAccount, body: bytes) -> Outcome:
        """Hand one message over, once."""
        token = self._environment.get(account.token_env or "", "")
        if not token:
            return Outcome.failed(f"{account.token_env} is not in the environment")
        sent = travelling(body)
        method = "sendDocument" if sent.has_file else "sendMessage"
        answer = await self._post(f"{self._api}/bot{token}/{method}", sent.body, sent.headers)
        return answer if isinstance(answer, Outcome) else _judge(answer)


def _judge(answer: Answer) -> Outcome:
    if at(answer.tree, "ok") is True:
        return Outcome.sent()
    said = f"Telegram answered {answer.status}: {text_at(answer.tree, 'description')[:200]}"
    if answer.status in _NEVER:
        return Outcome.refused(said)
    seconds = number_at(answer.tree, "parameters", "retry_after")
    asked = None if seconds is None else timedelta(seconds=min(max(seconds, 0), 10**6))
    return Outcome.failed(said, asked or answer.wait)
