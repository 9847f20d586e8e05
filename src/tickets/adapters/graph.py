"""Replies by Messenger and WhatsApp Cloud, which are both Meta's Graph API. Reference: its error codes."""

from collections.abc import Mapping

from tickets.adapters.direct import Answer, Post, travelling
from tickets.application.outbox.deliver import Outcome
from tickets.intake import MessageAccount
from tickets.intake.json_tree import at, number_at, text_at

API = "https://graph.facebook.com/v23.0"

_WINDOW = "outside the reply window: the customer has not written for 24 hours"
_CLOSED = {(10, 2_018_278), (10, 2_018_065), (131_047, None)}
_NEVER = {
    100: "the message or its receiver is not taken",
    551: "the person cannot be reached now",
    131_026: "the number has no WhatsApp, or takes no messages",
    131_051: "messages of this kind are not taken",
}
_SLOW = {4, 17, 32, 613, 80_006, 80_007, 130_429, 131_048, 131_056}


class Graph:
    """A carrier: pages and business numbers are the same to it, but for what a message looks like."""

    def __init__(self, post: Post, environment: Mapping[str, str], api: str = API) -> None:
        self._post = post
        self._environment = environment
        self._api = api

    async def carry(self, account: MessageAccount, body: bytes) -> Outcome:
        """Hand one message over, once."""
        token = self._environment.get(account.token_env or "", "")
        if not token:
            return Outcome.failed(f"{account.token_env} is not in the environment")
        url = f"{self._api}/{account.id or 'me'}/messages"
        sent = travelling(body)
        answer = await self._post(url, sent.body, {"authorization": f"Bearer {token}", **sent.headers})
        return answer if isinstance(answer, Outcome) else _judge(answer)


def _judge(answer: Answer) -> Outcome:
    error = at(answer.tree, "error")
    if error is None and answer.status == 200:  # noqa: PLR2004 - as documented
        return Outcome.sent()
    code, subcode = number_at(error, "code"), number_at(error, "error_subcode")
    said = f"answered {answer.status}, {text_at(error, 'code')}: {text_at(error, 'message')[:200]}"
    if (code, subcode) in _CLOSED or (code, None) in _CLOSED:
        return Outcome.refused(f"{_WINDOW} ({said})")
    if code is not None and int(code) in _NEVER:
        return Outcome.refused(f"{_NEVER[int(code)]} ({said})")
    return Outcome.failed(said, answer.wait if answer.passing or code in _SLOW else None)
