"""Mail in by IMAP: one mailbox, fetched in order, each mail once, flagged only after its commit.

Where we are is in the database: the folder's UIDVALIDITY and the last UID that was taken. Everything above it
is fetched, however long we were away. When UIDVALIDITY changes, all UIDs are new and everything is looked at
again; what was taken before is known by its bytes.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from tickets.adapters.imap_client import ImapClient, ImapRefused, ImapTrouble
from tickets.application.arrivals.mail_places import Place, Places
from tickets.application.arrivals.take_mail import Counted, TakeMail
from tickets.intake.mail_source import ImapSource

BATCH = 25
"""Mails between two marks on the server and in the database: what is done again after a crash."""
WAIT = timedelta(seconds=30)
"""How long one wait for new mail lasts, with IDLE or without."""
LEASE = timedelta(seconds=90)
"""How long a mailbox is ours without a sign of life."""
STUMBLES = 5
"""How often one mail may cost us the connection before it is set aside."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
"""Seconds between attempts to connect; each doubles the last."""

_log = structlog.get_logger("tickets.imap")


class Interrupted(Exception):  # noqa: N818 - a condition
    """Another process fetches this mailbox now."""


class ImapFetcher:
    """Fetches one mailbox for as long as it is told to. `environment` has its password."""

    def __init__(
        self,
        mailbox: str,
        source: ImapSource,
        *,
        take: TakeMail,
        places: Places,
        environment: Mapping[str, str],
        largest: int,
        counted: Counted,
    ) -> None:
        self.mailbox = mailbox
        self.source = source
        self.take = take
        self.places = places
        self.environment = environment
        self.largest = largest
        self.counted = counted
        self.wait = WAIT.total_seconds()
        self._stumbled: dict[int, int] = {}

    async def run(self) -> None:
        """Fetch until cancelled; whatever happens, try again, later each time."""
        pause = FIRST_PAUSE
        while True:
            try:
                if await self.session():
                    pause = FIRST_PAUSE
                    continue
                await asyncio.sleep(self.wait)  # another process has it
            except Exception as trouble:  # noqa: BLE001 - mail servers end connections in many ways
                error = f"{type(trouble).__name__}: {trouble}"
                _log.warning("imap_failed", mailbox=self.mailbox, error=error, again_in=pause)
                self.counted("imap", "failed")
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    async def session(self) -> bool:
        """One connection, until it ends; False when another process holds the mailbox."""
        if (place := await self._claim()) is None:
            return False
        client = await self._connect()
        try:
            selected = await client.select(self.source.folder)
            if selected.uidvalidity != place.uidvalidity:
                _log.info("folder_is_new", mailbox=self.mailbox, uidvalidity=selected.uidvalidity)
                place = Place(selected.uidvalidity, 0)
            while True:
                place = await self.fetch(client, place)
                await self._wait(client)
                if await self._claim() is None:
                    return False
        finally:
            await client.close()

    async def fetch(self, client: ImapClient, place: Place) -> Place:
        """Take everything behind `place`; where that leads."""
        uids = await client.uids_after(place.last_uid)
        for start in range(0, len(uids), BATCH):
            batch = uids[start : start + BATCH]
            sizes = await client.sizes(batch)
            there = [uid for uid in batch if uid in sizes]  # the others somebody has deleted
            await self._done(client, [uid for uid in there if await self._one(client, uid, sizes[uid])])
            place = Place(place.uidvalidity, batch[-1])
            if not await self.places.move(self.mailbox, place, self.take.now() + LEASE):
                raise Interrupted("another process fetches this mailbox")
        return place

    async def _one(self, client: ImapClient, uid: int, size: int) -> bool:
        """Take one mail; False when it is set aside where people look: it must not hold up the others."""
        if size > self.largest:
            return await self._set_aside(client, uid, f"it has {size} bytes, more than {self.largest}")
        if self._stumbled.get(uid, 0) >= STUMBLES:
            return False
        try:
            raw = await client.fetch(uid)
        except ImapRefused as refusal:
            return await self._set_aside(client, uid, f"the server does not give it out: {refusal}")
        except (ImapTrouble, OSError, TimeoutError) as trouble:
            stumbles = self._stumbled[uid] = self._stumbled.get(uid, 0) + 1
            if stumbles == STUMBLES:
                await self.take.set_aside(self.mailbox, b"", f"UID {uid} cannot be fetched: {trouble}")
            raise
        if raw is None:
            return False
        if await self.take.is_known(self.mailbox, raw):
            self.counted("imap", "known")
        else:
            await self.take(self.mailbox, raw)
            self.counted("imap", "taken")
        return True

    async def _set_aside(self, client: ImapClient, uid: int, reason: str) -> bool:
        try:
            head = await client.fetch(uid, head=True)
        except ImapRefused:
            head = None
        if head is not None and await self.take.is_known(self.mailbox, head):
            self.counted("imap", "known")
        else:
            await self.take.set_aside(self.mailbox, head or b"", reason)
            self.counted("imap", "refused")
        return False

    async def _done(self, client: ImapClient, uids: list[int]) -> None:
        if not uids:
            return
        if self.source.move_to is None:
            await client.mark_seen(uids)
        else:
            await client.move(uids, self.source.move_to)

    async def _wait(self, client: ImapClient) -> None:
        if "IDLE" in client.capabilities:
            await client.idle(self.wait)
        else:
            await asyncio.sleep(self.wait)
            await client.command("NOOP")

    async def _claim(self) -> Place | None:
        now, source = self.take.now(), self.source
        return await self.places.claim(
            self.mailbox, f"{source.user}@{source.host}/{source.folder}", now, now + LEASE
        )

    async def _connect(self) -> ImapClient:
        source = self.source
        password = self.environment.get(source.password_env)
        if not password:
            raise ImapTrouble(f"the environment has no {source.password_env}")
        port = source.port or (993 if source.tls == "always" else 143)
        client = await ImapClient.connect(source.host, port, source.tls, self.largest)
        try:
            await client.login(source.user, password)
        except BaseException:
            await client.close()
            raise
        return client
