"""What one process is made of: from settings and a database URL to everything wired, nothing running."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import structlog

from tickets.adapters import system
from tickets.adapters.object_bucket import ObjectBucket
from tickets.adapters.object_folder import ObjectFolder
from tickets.adapters.sns import SnsProof, gated_get
from tickets.adapters.webhook_address import Gate
from tickets.api.own_urls import Doors, MessageDoors
from tickets.api.parts import Parts
from tickets.api.streams import Streams
from tickets.application.answers.answer import AnswersBySource
from tickets.application.answers.by_mail import MailAnswers
from tickets.application.answers.by_message import ways
from tickets.application.answers.receipt import Receipts
from tickets.application.arrivals.receive import Porter
from tickets.application.arrivals.take_call import CallTaker
from tickets.application.arrivals.take_mail import TakeMail
from tickets.application.customers.erase import Erasing
from tickets.application.customers.keep import Customers
from tickets.application.desk.duty import on_duty
from tickets.application.house import House
from tickets.application.jobs.advance import Jobs, Work
from tickets.application.jobs.job import Asked, Erase, Recompute, RoutingWhatIf, WhatIf
from tickets.application.jobs.recompute import Recomputing
from tickets.application.jobs.routing_what_if import SupposingRouting
from tickets.application.jobs.what_if import Supposing
from tickets.application.notices.alerts import AlertNotices
from tickets.application.notices.duty import Sender
from tickets.application.object_store import ObjectsAway, ObjectStore
from tickets.application.ports import TicketStore
from tickets.application.watch_duty import WatchDuty
from tickets.observability.metrics import Metrics
from tickets.persistence.alertmanagers import PostgresAlertmanagers
from tickets.persistence.api_keys import ApiKeys
from tickets.persistence.attachments import Attachments
from tickets.persistence.calls import PostgresCalls
from tickets.persistence.current import DB
from tickets.persistence.customer_erasing import PostgresErasure
from tickets.persistence.customer_reading import CustomerReading
from tickets.persistence.customer_store import PostgresCustomers
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.duty_store import PostgresDuties
from tickets.persistence.engine import Engine
from tickets.persistence.envelopes import PostgresEnvelopes
from tickets.persistence.form_rates import PostgresFormRates
from tickets.persistence.idempotency import Idempotency
from tickets.persistence.job_store import PostgresJobs
from tickets.persistence.mail_addresses import PostgresAddresses
from tickets.persistence.mail_places import MailPlaces
from tickets.persistence.objects import Objects
from tickets.persistence.outages import OUTAGES
from tickets.persistence.outbox import PostgresOutbox
from tickets.persistence.presence_store import PostgresPresences
from tickets.persistence.promise_reading import PromiseReading
from tickets.persistence.reading import Reading
from tickets.persistence.secrets import installation_secret
from tickets.persistence.ticket_store import PostgresTickets
from tickets.settings import Settings
from tickets.worker.counting import Counting
from tickets.worker.doorbell import AGENTS, DUE, OUTBOX, WAITING, Doorbell
from tickets.worker.onward import Onward
from tickets.worker.ticker import Bell, Ticker
from tickets.worker.vital_signs import VitalSigns
from tickets.worker.witness import Watchman, mail_not_understood


@dataclass(frozen=True, kw_only=True)
class Application:
    """Everything of one process, wired; nothing runs yet."""

    settings: Settings
    engine: Engine
    parts: Parts
    ticker: Ticker
    jobs: Jobs
    outbox: PostgresOutbox
    outbox_rung: asyncio.Event
    onward: Onward
    ring_outbox: Callable[[], None]
    doorbell: Doorbell


@asynccontextmanager
async def wired(
    settings: Settings,
    database_url: str,
    *,
    now: Callable[[], datetime] = system.now,
    new_id: Callable[[], UUID] = system.new_id,
) -> AsyncIterator[Application]:
    """An application on a migrated database; closed on leaving. Raises `DatabaseUnavailable`."""
    engine = Engine(database_url, pool_size=settings.pool_size)
    await engine.start()
    try:
        DB.bind(engine)
        yield await _wire(settings, engine, now, new_id)
    finally:
        await engine.close()


async def _wire(
    settings: Settings, engine: Engine, now: Callable[[], datetime], new_id: Callable[[], UUID]
) -> Application:
    metrics, bell, outbox_rung, doorbell = Metrics(), Bell(), asyncio.Event(), Doorbell(engine)
    secret, streams, desks = await _secret(settings, engine), Streams(), PostgresDesks(engine)
    ring, ring_outbox, ring_streams = _rings(bell, outbox_rung, streams, doorbell)
    counting = Counting(metrics, ring, ring_outbox, desks.listened_to)
    house = _house(settings, engine, desks, counting, new_id, secret)
    objects, reading = await _objects(settings, engine, new_id, metrics), Reading(engine)
    envelopes, attachments = PostgresEnvelopes(engine, objects), Attachments(engine, objects, new_id)
    calls = PostgresCalls(engine)
    onward = Onward(ring_outbox)
    outbox = PostgresOutbox(engine, str(new_id()), ring_outbox, Watchman(metrics), onward.woken)
    taker = CallTaker(house, calls, counting.called, ring_streams)
    signs = VitalSigns(engine, metrics, ring_outbox, beating=settings.heartbeat_url is not None)
    jobs, customers, erasure = PostgresJobs(engine), PostgresCustomers(engine), PostgresErasure(engine)
    parts = Parts(
        engine=engine,
        now=now,
        new_id=new_id,
        metrics=metrics,
        api_keys=ApiKeys(engine),
        idempotency=Idempotency(engine),
        house=house,
        porter=(porter := Porter(house, envelopes, attachments, taker, secret)),
        take_mail=TakeMail(porter, now, new_id, mail_not_understood, OUTAGES),
        mail_places=MailPlaces(engine, new_id()),
        sns=SnsProof(gated_get(Gate(settings.allow_private_webhooks)), now),
        environment=dict(os.environ),
        desks=desks,
        presences=PostgresPresences(engine),
        envelopes=envelopes,
        attachments=attachments,
        objects=objects,
        addresses=PostgresAddresses(engine),
        form_rates=PostgresFormRates(engine),
        reading=(reading := Reading(engine)),
        promises=PromiseReading(engine),
        jobs=jobs,
        customers=Customers(house, customers),
        customers_kept=customers,
        customer_reading=CustomerReading(engine),
        erasure=erasure,
        calls=calls,
        outbox=outbox,
        streams=streams,
        doors=Doors(secret, settings.public_url, os.environ),
        message_doors=MessageDoors(secret, settings.public_url, os.environ),
        ring=ring,
        secret=secret,
        public_url=settings.public_url,
        measure=_measuring(metrics, reading, house.tickets, outbox, desks, signs, now),
        largest_body=settings.body_limit,
    )
    return Application(
        settings=settings, engine=engine, parts=parts, outbox=outbox, outbox_rung=outbox_rung, onward=onward,
        ring_outbox=ring_outbox, doorbell=doorbell, ticker=_ticker(settings, parts, ring_outbox, bell, signs),
        jobs=_jobs(house, desks, jobs, erasure, counting),
    )  # fmt: skip


def _jobs(
    house: House, desks: PostgresDesks, store: PostgresJobs, erasure: PostgresErasure, counting: Counting
) -> Jobs:
    """Who carries out which job."""
    work: dict[type[Asked], Work] = {
        Recompute: Recomputing(house, store),
        WhatIf: Supposing(house, desks, store),
        RoutingWhatIf: SupposingRouting(house, desks, store),
        Erase: Erasing(house, erasure),
    }
    return Jobs(store, work, counting)


def _house(
    settings: Settings,
    engine: Engine,
    desks: PostgresDesks,
    counting: Counting,
    new_id: Callable[[], UUID],
    secret: bytes,
) -> House:
    return House(
        PostgresTickets(engine, new_id, counting.withdrew),
        desks,
        AlertNotices(sender=settings.mail_from, public_url=settings.public_url, secret=secret),
        counting,
        new_id,
        answers=AnswersBySource(MailAnswers(secret), dict(ways())),
        receipts=Receipts(
            secret=secret,
            public_url=settings.public_url,
            addresses=PostgresAddresses(engine),
            leaves=settings.smtp_url is not None,
        ),
    )


def _rings(
    bell: Bell, outbox_rung: asyncio.Event, streams: Streams, doorbell: Doorbell
) -> tuple[Callable[..., None], Callable[[], None], Callable[[], None]]:
    """What rings here and everywhere: for tickets, for the outbox, for agents' streams."""

    def ring(*, everyone: bool = False) -> None:
        bell.ring(everyone=everyone)
        doorbell.ring(WAITING if everyone else DUE)

    def ring_outbox() -> None:
        outbox_rung.set()
        doorbell.ring(OUTBOX)

    def ring_streams() -> None:
        streams.ring()
        doorbell.ring(AGENTS)

    return ring, ring_outbox, ring_streams


def _ticker(
    settings: Settings, parts: Parts, left: Callable[[], object], bell: Bell, signs: VitalSigns
) -> Ticker:
    watching = WatchDuty(
        duties=PostgresDuties(parts.engine),
        desks=parts.desks,
        sender=Sender(settings.mail_from, settings.public_url),
        new_id=parts.new_id,
        left=left,
    )
    return Ticker(parts.house, parts.porter, watching, parts.presences, bell, signs)


async def _objects(
    settings: Settings, engine: Engine, new_id: Callable[[], UUID], metrics: Metrics
) -> Objects:
    """The object store, seen to be the one of this database. Raises `CannotStart` when it is another's."""
    place = settings.object_store
    if place is None and settings.database_url is None:
        place = str(settings.data_dir / "objects")
    store: ObjectStore | None = None
    if place is not None:
        store = ObjectBucket(place) if place.startswith("s3://") else ObjectFolder(Path(place))

    def failed(doing: str) -> None:
        metrics.objects_failed.labels(doing).inc()

    objects = Objects(engine, store, settings.object_size, new_id, failed)
    try:
        await objects.check()
    except ObjectsAway as away:  # whatever needs it says so; what is small does not
        structlog.get_logger("tickets.objects").warning("objects.away", error=str(away))
    return objects


async def _secret(settings: Settings, engine: Engine) -> bytes:
    if settings.secret is not None:
        return settings.secret.encode()
    return await installation_secret(engine, "keys", system.random_bytes)


def _measuring(
    metrics: Metrics,
    reading: Reading,
    tickets: TicketStore,
    outbox: PostgresOutbox,
    desks: PostgresDesks,
    signs: VitalSigns,
    now: Callable[[], datetime],
) -> Callable[[], Awaitable[None]]:
    async def measure() -> None:
        """Set the gauges that only the database knows."""
        state, leaving = await reading.gauges(), await outbox.backlog()
        age = timedelta() if leaving.oldest is None else max(timedelta(), now() - leaving.oldest)
        desk = (await desks.current()).desk
        states = await tickets.agent_states(now())
        metrics.show_agents(Counter(state.presence for state in states if state.key in desk.agents))
        metrics.show_on_call({duty.schedule: duty.now.agent is not None for duty in on_duty(desk, now())})
        metrics.show_backlog(state.backlog, state.waiting, state.alerts, state.stuck)
        metrics.set_aside.set(state.set_aside)
        next_instant = await tickets.next_instant() or now()
        metrics.overdue.set(max(0.0, (now() - next_instant).total_seconds()))
        await signs.compare_clocks(system.now)
        metrics.show_outbox(leaving.pending, leaving.dead, age)
        metrics.show_endpoints(await outbox.endpoints.states())
        told = PostgresAlertmanagers(outbox.engine)
        metrics.show_alertmanagers(await told.ages(desk.alertmanagers, now()))

    return measure
