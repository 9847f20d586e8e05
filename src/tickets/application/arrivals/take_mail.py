"""A mail is handed over by a mail server: once this returns it is ours, whatever becomes of it."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from tickets.application.arrivals.arrive import KeyReused
from tickets.application.arrivals.receive import Envelope, Porter
from tickets.application.ports import Superseded
from tickets.intake import Mailbox, Unreadable

Counted = Callable[[str, str], object]
"""Hears of every mail: the way it came, and `taken`, `known`, `refused` or `deferred`."""


class TakeMail(Struct, frozen=True):
    """The use case. `failed` hears of what could not be understood for no fault of the mail."""

    porter: Porter
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    failed: Callable[[UUID, Exception], object]
    outages: tuple[type[Exception], ...]

    async def mailbox_of(self, address: str) -> Mailbox | None:
        """The mailbox of the desk at an address, whatever stands behind its `+`."""
        return (await self.porter.house.desks.current()).mailbox_of(address)

    async def mailbox(self, key: str) -> Mailbox | None:
        """A mailbox of the desk."""
        return (await self.porter.house.desks.current()).mailbox(key)

    async def is_known(self, mailbox: str, raw: bytes) -> bool:
        """Whether the very same bytes were taken in there before."""
        return await self.porter.envelopes.is_known("inbox", mailbox, raw)

    async def __call__(self, mailbox: str, raw: bytes, given_id: str | None = None) -> None:
        """Keep it, commit, and make of it what can be made now; the rescuer does the rest.

        Raises what kept it from being kept: then the sender still has it.
        """
        envelope = self._envelope(mailbox, raw, given_id)
        await self.porter.envelopes.keep(envelope)
        try:
            await self.porter.understand(envelope, await self.porter.house.desks.current())
        except (Unreadable, KeyReused, Superseded):
            return  # in quarantine by now, or its turn comes again
        except self.outages as outage:
            self.failed(envelope.id, outage)
        except Exception as error:  # noqa: BLE001 - it is kept: its sender must not send it for ever
            self.failed(envelope.id, error)
            await self.porter.envelopes.quarantine(envelope.id, f"{type(error).__name__}: {error}")

    async def set_aside(self, mailbox: str, raw: bytes, reason: str) -> None:
        """Keep what there is of a mail that cannot be had whole, where people look: in quarantine."""
        envelope = self._envelope(mailbox, raw, None)
        await self.porter.envelopes.keep(envelope)
        await self.porter.envelopes.quarantine(envelope.id, reason)

    def _envelope(self, mailbox: str, raw: bytes, given_id: str | None) -> Envelope:
        return Envelope(
            id=self.new_id(),
            channel="inbox",
            account=mailbox,
            media_type="message/rfc822",
            body=raw,
            given_id=given_id,
            received_at=self.now(),
        )
