"""Replies by Zalo OA: its error codes, and its tokens, which live a day and are renewed with one used once.

Reference: developers.zalo.me, "Official Account API" and "Xác thực và ủy quyền".
"""

from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from tickets.adapters.direct import Answer, Post
from tickets.application.answers.tokens import Renewed, Tokens
from tickets.application.outbox.deliver import Outcome
from tickets.intake import MessageAccount
from tickets.intake.json_tree import number_at, text_at

API = "https://openapi.zalo.me"
OAUTH = "https://oauth.zaloapp.com"

EARLY = timedelta(minutes=5)
"""A token that ends within this time is taken for ended."""

_RETRY_RENEWAL = timedelta(seconds=10)
_INVALID = {-216, -220}
_SLOW = {-32}
_QUOTA = {-211: "the account's quota is used up", -218: "the user has got all they may today"}
_NEVER = {
    -201: "Zalo does not take the message",
    -213: "the user does not follow the account",
    -227: "the user is banned or has been away too long",
    -230: "outside the reply window: the user has not written for 7 days",
    -232: "outside the reply window: the user has not written of late",
    -233: "Zalo does not take messages of this kind",
    -244: "the user wants no such messages from the account",
}


class Zalo:
    """A carrier."""

    def __init__(
        self, post: Post, tokens: Tokens, environment: Mapping[str, str], api: str = API, oauth: str = OAUTH
    ) -> None:
        self._post = post
        self._tokens = tokens
        self._environment = environment
        self._api = api
        self._oauth = oauth

    async def carry(self, account: MessageAccount, body: bytes) -> Outcome:
        """Hand one message over, once."""
        token = await self._token(account)
        if isinstance(token, Outcome):
            return token
        answer = await self._post(f"{self._api}/v3.0/oa/message/cs", body, {"access_token": token})
        if isinstance(answer, Outcome):
            return answer
        code = number_at(answer.tree, "error")
        if code in _INVALID:
            await self._tokens.spoilt(account.key, token)
        return _judge(answer, None if code is None else int(code))

    async def _token(self, account: MessageAccount) -> str | Outcome:
        given = self._environment.get(account.token_env or "", "")
        if not given:
            return Outcome.failed(f"{account.token_env} is not in the environment")
        now = self._post.clock()
        valid = await self._tokens.valid(account.key, given, now + EARLY)
        if valid is not None:
            return valid
        refresh_token = await self._tokens.take(account.key, now + EARLY)
        if refresh_token is None:
            return Outcome.failed("Zalo's token is being renewed", _RETRY_RENEWAL)
        return await self._renew(account, refresh_token)

    async def _renew(self, account: MessageAccount, refresh_token: str) -> str | Outcome:
        secret = self._environment.get(account.app_secret_env or "", "")
        asked = {
            "refresh_token": refresh_token,
            "app_id": account.app_id or "",
            "grant_type": "refresh_token",
        }
        answer = await self._post(
            f"{self._oauth}/v4/oa/access_token",
            urlencode(asked).encode(),
            {"secret_key": secret, "content-type": "application/x-www-form-urlencoded"},
        )
        if isinstance(answer, Outcome):
            return answer  # it may have been used: the lease runs out before anybody tries it again
        seconds = number_at(answer.tree, "expires_in")
        access, refresh = text_at(answer.tree, "access_token"), text_at(answer.tree, "refresh_token")
        if not access or not refresh:
            await self._tokens.give_back(account.key, refresh_token)
            why = text_at(answer.tree, "error_description") or text_at(answer.tree, "error_name")
            return Outcome.failed(
                f"Zalo does not renew the token: {answer.status} {why[:200]}; "
                f"put a new refresh token into {account.token_env}"
            )
        ends = self._post.clock() + timedelta(seconds=min(max(seconds or 3_600, 600), 10**7))
        await self._tokens.renewed(account.key, refresh_token, Renewed(access, refresh, ends))
        return access


def _judge(answer: Answer, code: int | None) -> Outcome:
    said = f"Zalo answered {answer.status}, {code}: {text_at(answer.tree, 'message')[:200]}"
    if code == 0 and not answer.passing:
        return Outcome.sent()
    if code in _NEVER:
        return Outcome.refused(f"{_NEVER[code]} ({said})")
    if code in _QUOTA:
        return Outcome.failed(f"{_QUOTA[code]} ({said})", answer.wait or timedelta(hours=1))
    if code in _SLOW or answer.passing:
        return Outcome.failed(said, answer.wait or timedelta(minutes=1))
    return Outcome.failed(said)
