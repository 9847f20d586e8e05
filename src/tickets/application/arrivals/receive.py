"""Envelope first: what arrives is kept raw and committed before anybody tries to understand it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from tickets.application.arrivals.arrive import Arrived, KeyReused, arrive
from tickets.application.arrivals.take_call import CallTaker
from tickets.application.arrivals.undelivered import tell_undelivered
from tickets.application.desk.compiled import CompiledDesk
from tickets.application.house import House
from tickets.application.object_store import ObjectsAway
from tickets.application.ports import Superseded
from tickets.domain.draft import Attachment, Draft
from tickets.domain.errors import NotFound
from tickets.domain.words import Channel
from tickets.intake import (
    CallReport,
    Fault,
    Form,
    Line,
    Mailbox,
    MessageAccount,
    Talk,
    Trapped,
    Unreadable,
    decode_body,
    read_form,
    read_mail,
    read_messages,
    read_reports,
)

RESCUE_AFTER = timedelta(seconds=30)
"""An envelope nobody has understood for so long was left behind by a process that died."""


class Envelope(Struct, frozen=True, kw_only=True):
    """What arrived, as it arrived. `given_id` is the sender's own name for it (an Idempotency-Key)."""

    id: UUID
    channel: Channel
    account: str
    media_type: str
    body: bytes
    given_id: str | None = None
    received_at: datetime


class Files(Protocol):
    """Where files are kept that are too large for a row."""

    async def put_away(self, files: Iterable[Attachment], now: datetime) -> tuple[Attachment, ...]:
        """The files, the large ones with the key under which their content is kept."""


class Envelopes(Protocol):
    """Where envelopes are kept."""

    async def keep(self, envelope: Envelope) -> None:
        """Store and commit."""

    async def accept(self, envelope: UUID, ticket: UUID | None) -> None:
        """It said nothing new: what it asks for was done before, on this ticket."""

    async def quarantine(self, envelope: UUID, reason: str) -> None:
        """It cannot be understood, and why."""

    async def accepted_as(self, envelope: Envelope) -> Envelope | None:
        """One with other bytes, accepted before at the same place under the same `given_id`."""

    async def is_known(self, channel: Channel, account: str, body: bytes) -> bool:
        """Whether the very same bytes were kept there before."""

    async def read(self, envelope: UUID) -> Envelope | None:
        """An envelope, whole; None when there is none, or its body was dropped."""

    async def left_behind(self, before: datetime, limit: int) -> list[UUID]:
        """Envelopes received before an instant that nobody has understood yet."""


Said = Draft | Talk | tuple[CallReport, ...]
"""What an envelope comes to: one request, direct messages, or what it tells of calls."""


class Porter:
    """Takes envelopes in. `secret` proves our own Message-IDs."""

    def __init__(
        self, house: House, envelopes: Envelopes, files: Files, calls: CallTaker, secret: bytes
    ) -> None:
        self.house = house
        self.files = files
        self.calls = calls
        self.envelopes = envelopes
        self.secret = secret

    async def receive(self, envelope: Envelope, desk: CompiledDesk, correlation_id: str | None) -> Arrived:
        """Keep an envelope, understand it, and take the request in.

        Raises:
            NotFound: no such form, mailbox or hotline; nothing is kept, the sender still has it.
            Unreadable: every fault; the envelope is kept in quarantine.
            Trapped: it fell into a form's honeypot; kept in quarantine, and the sender need not know.
            KeyReused: its `given_id` belongs to a request that said something else; kept in quarantine.
        """
        must_exist(envelope, desk)
        await self.envelopes.keep(envelope)
        return await self.understand(envelope, desk, correlation_id)

    async def understand(
        self, envelope: Envelope, desk: CompiledDesk, correlation_id: str | None = None
    ) -> Arrived:
        """Understand a kept envelope and take it in; doing it twice is doing it once."""
        try:
            said = read(envelope, desk, self.secret)
            must_be_somebody(said, desk)
        except Unreadable as faults:
            reason = "trapped" if isinstance(faults, Trapped) else str(faults)
            await self.envelopes.quarantine(envelope.id, reason)
            raise
        await self._refuse_reused(envelope, said, desk)
        if isinstance(said, Draft):
            files = await self.files.put_away(said.attachments, envelope.received_at)
            arrived = await arrive(
                self.house,
                replace(said, attachments=files),
                envelope.received_at,
                envelope=envelope.id,
                correlation_id=correlation_id,
            )
        elif isinstance(said, Talk):
            arrived = await self._listen(envelope, said, desk, correlation_id)
        else:
            line = desk.desk.hotlines[envelope.account]
            arrived = await self.calls.take(said, line, envelope.received_at, correlation_id)
        if not arrived.is_new or not isinstance(said, Draft):
            await self.envelopes.accept(envelope.id, arrived.ticket.id if arrived.ticket else None)
        return arrived

    async def _listen(
        self, envelope: Envelope, talk: Talk, desk: CompiledDesk, correlation_id: str | None
    ) -> Arrived:
        """Take in what can be understood; with anything that cannot, the envelope goes to quarantine."""
        arrived = Arrived()
        for draft in talk.drafts:
            arrived = await arrive(self.house, draft, envelope.received_at, correlation_id=correlation_id)
        for failed in talk.undelivered:
            way = desk.desk.message_accounts[envelope.account].provider
            await tell_undelivered(self.house, failed, way, envelope.account, envelope.received_at)
        if talk.faults:
            faults = Unreadable(talk.faults)
            await self.envelopes.quarantine(envelope.id, str(faults))
            raise faults
        return arrived

    async def _refuse_reused(self, envelope: Envelope, said: Said, desk: CompiledDesk) -> None:
        """Hold a `given_id` to one request. What they say is compared: a retry may have another boundary."""
        twin = await self.envelopes.accepted_as(envelope) if envelope.given_id else None
        if twin is not None and read(twin, desk, self.secret) != said:
            await self.envelopes.quarantine(envelope.id, "its Idempotency-Key was used for another request")
            raise KeyReused

    async def rescue(
        self,
        desk: CompiledDesk,
        now: datetime,
        limit: int = 20,
        outages: tuple[type[Exception], ...] = (),
    ) -> int:
        """Understand what a process that died had only kept; how many.

        One that cannot be taken in goes to quarantine. `outages` are no fault of any: they are raised.
        """
        left = await self.envelopes.left_behind(now - RESCUE_AFTER, limit)
        for each in left:
            try:
                envelope = await self.envelopes.read(each)
                if envelope is not None:
                    await self.understand(envelope, desk)
            except (Unreadable, KeyReused, Superseded, ObjectsAway):
                continue  # in quarantine by now, or its turn comes again
            except outages:
                raise
            except Exception as error:  # noqa: BLE001 - one bad envelope must not hold up the others
                await self.envelopes.quarantine(each, f"{type(error).__name__}: {error}")
        return len(left)


def must_exist(envelope: Envelope, desk: CompiledDesk) -> None:
    """Raise `NotFound` when nothing of that key takes envelopes of that channel in."""
    if _entrance(envelope, desk) is None:
        noun = {"form": "form", "inbox": "mailbox or message account", "hotline": "hotline"}[envelope.channel]
        raise NotFound(f"there is no {noun} {envelope.account!r}")


def must_be_somebody(said: Said, desk: CompiledDesk) -> None:
    """Raise `Unreadable` for an answering machine of whom we alert, on no ticket: one would alert again."""
    if not isinstance(said, Draft) or not said.automatic or said.ticket or said.returned:
        return
    if any(each.kind == "email" and each.value in desk.alerted_addresses for each in said.sender.identities):
        raise Unreadable([Fault("", "an automatic mail of somebody alerts go to, on no ticket")])


def read(envelope: Envelope, desk: CompiledDesk, secret: bytes) -> Said:
    """What an envelope says. Raises `Unreadable`."""
    match _entrance(envelope, desk):
        case Form() as form:
            submission = decode_body(envelope.body, envelope.media_type)
            return read_form(form, submission, envelope.received_at, envelope.given_id, secret)
        case Mailbox() as mailbox:
            return read_mail(envelope.body, mailbox, secret)
        case MessageAccount() as account:
            return read_messages(envelope.body, envelope.media_type, account, desk.sharing(account))
        case Line() as line:
            return read_reports(envelope.body, envelope.media_type, line, envelope.received_at)
        case None:
            raise NotFound(f"there is no {envelope.channel} {envelope.account!r}")


def _entrance(envelope: Envelope, desk: CompiledDesk) -> Form | Mailbox | MessageAccount | Line | None:
    match envelope.channel:
        case "form":
            return desk.form(envelope.account)
        case "inbox":
            return desk.mailbox(envelope.account) or desk.message_account(envelope.account)
        case "hotline":
            return desk.hotline(envelope.account)
        case _:
            return None
