"""Keeps a fetcher running for every mailbox of the desk that has mail to be fetched."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from tickets.adapters.imap import ImapFetcher
from tickets.application.arrivals.mail_places import Places
from tickets.application.arrivals.take_mail import Counted, TakeMail
from tickets.application.house import Desks
from tickets.intake.mail_source import ImapSource

LOOK = timedelta(seconds=5)
"""How often the desk is asked for mailboxes that came, changed or went."""


class Parts(Protocol):
    """What fetchers are made of; `environment` has their passwords, `largest_body` is in bytes."""

    @property
    def desks(self) -> Desks: ...  # noqa: D102
    @property
    def take_mail(self) -> TakeMail: ...  # noqa: D102
    @property
    def mail_places(self) -> Places: ...  # noqa: D102
    @property
    def environment(self) -> Mapping[str, str]: ...  # noqa: D102
    @property
    def largest_body(self) -> int: ...  # noqa: D102


class MailFetch:
    """Starts and ends fetchers as the desk says."""

    def __init__(self, parts: Parts, counted: Counted) -> None:
        self.parts = parts
        self.counted = counted
        self._running: dict[tuple[str, ImapSource], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Look at the desk, rest, look again."""
        await self.look()
        await asyncio.sleep(LOOK.total_seconds())

    async def look(self) -> None:
        """Start what is wanted, end what is not."""
        boxes = (await self.parts.desks.current()).desk.mailboxes.values()
        wanted = {(box.key, box.imap) for box in boxes if box.imap is not None}
        for gone in self._running.keys() - wanted:
            self._running.pop(gone).cancel()
        for mailbox, source in wanted - self._running.keys():
            fetcher = ImapFetcher(
                mailbox,
                source,
                take=self.parts.take_mail,
                places=self.parts.mail_places,
                environment=self.parts.environment,
                largest=self.parts.largest_body,
                counted=self.counted,
            )
            self._running[mailbox, source] = asyncio.create_task(fetcher.run())

    async def close(self) -> None:
        """End all of them."""
        running = [*self._running.values()]
        self._running.clear()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
