"""Tokens of accounts that replies are sent with, where each renewal uses one up."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Renewed(NamedTuple):
    """A new pair of tokens, and until when the first of them holds."""

    access_token: str
    refresh_token: str
    expires_at: datetime


class Tokens(Protocol):
    """Keeps tokens, and sees to it that one caller at a time renews them."""

    async def valid(self, account: str, given: str, now: datetime) -> str | None:
        """The access token, if it still holds at an instant."""

    async def take(self, account: str, now: datetime) -> str | None:
        """The refresh token, for the caller alone."""

    async def renewed(self, account: str, used: str, new: Renewed) -> None:
        """Keep what a refresh token was exchanged for."""

    async def give_back(self, account: str, refresh_token: str) -> None:
        """The exchange was refused."""

    async def spoilt(self, account: str, access_token: str) -> None:
        """The provider does not take it."""
