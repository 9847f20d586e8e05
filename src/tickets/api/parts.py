"""What the routes work with, wired once by `bootstrap`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from litestar.di import NamedDependency
from litestar.params import SkipValidation

from tickets.adapters.sns import SnsProof
from tickets.api.own_urls import Doors, MessageDoors
from tickets.api.streams import Streams
from tickets.application.arrivals.receive import Porter
from tickets.application.arrivals.take_mail import TakeMail
from tickets.application.customers.keep import Customers
from tickets.application.house import House
from tickets.application.placements.board import QueueBoard
from tickets.observability.metrics import Metrics
from tickets.persistence.api_keys import ApiKeys
from tickets.persistence.attachments import Attachments
from tickets.persistence.calls import PostgresCalls
from tickets.persistence.customer_erasing import PostgresErasure
from tickets.persistence.customer_reading import CustomerReading
from tickets.persistence.customer_store import PostgresCustomers
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.engine import Engine
from tickets.persistence.envelopes import PostgresEnvelopes
from tickets.persistence.form_rates import PostgresFormRates
from tickets.persistence.idempotency import Idempotency
from tickets.persistence.job_store import PostgresJobs
from tickets.persistence.mail_addresses import PostgresAddresses
from tickets.persistence.mail_places import MailPlaces
from tickets.persistence.objects import Objects
from tickets.persistence.outbox import PostgresOutbox
from tickets.persistence.presence_store import PostgresPresences
from tickets.persistence.promise_reading import PromiseReading
from tickets.persistence.reading import Reading


class Ring(Protocol):
    """Rings the ticker's doorbell."""

    def __call__(self, *, everyone: bool = False) -> None:
        """Look now; `everyone` when an agent may take what had to wait before."""


MEBIBYTE = 1024 * 1024


async def _measure_nothing() -> None:
    """Leave the gauges as they are."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts of the application that routes ask for something.

    `now` and `new_id` are the only sources of instants and ids. `measure` is called before metrics are read,
    to set gauges that come from the database. `largest_body` is in bytes. `secret` keys what proves itself;
    `public_url` stands before the paths of addresses given to others.
    """

    engine: Engine
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]
    metrics: Metrics
    api_keys: ApiKeys
    idempotency: Idempotency
    house: House
    porter: Porter
    desks: PostgresDesks
    presences: PostgresPresences
    envelopes: PostgresEnvelopes
    attachments: Attachments
    objects: Objects
    addresses: PostgresAddresses
    form_rates: PostgresFormRates
    reading: Reading
    promises: PromiseReading
    take_mail: TakeMail
    sns: SnsProof
    mail_places: MailPlaces
    environment: dict[str, str]
    jobs: PostgresJobs
    customers: Customers
    customers_kept: PostgresCustomers
    customer_reading: CustomerReading
    erasure: PostgresErasure
    calls: PostgresCalls
    outbox: PostgresOutbox
    streams: Streams
    doors: Doors
    message_doors: MessageDoors
    ring: Ring
    secret: bytes
    public_url: str
    measure: Callable[[], Awaitable[None]] = _measure_nothing
    largest_body: int = 10 * MEBIBYTE
    board: QueueBoard = field(default_factory=QueueBoard)


FromParts: TypeAlias = NamedDependency[SkipValidation[Parts]]
"""How a route asks for them: `parts: FromParts`."""
