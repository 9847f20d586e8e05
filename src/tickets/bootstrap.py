"""The only wiring place: from settings and a database URL to a running process, in whatever roles."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from tickets.adapters import system
from tickets.adapters.smtp import Mail, NoMail, mail_server
from tickets.adapters.webhook import Webhook
from tickets.adapters.webhook_address import Gate
from tickets.api.app import ROUTES, create_app
from tickets.api.own_urls import Doors
from tickets.api.parts import Parts
from tickets.api.routes import health
from tickets.api.server import Keep, nothing_to_keep, serve_http
from tickets.api.streams import Streams
from tickets.application.answers.answer import AnswersBySource
from tickets.application.answers.by_mail import MailAnswers
from tickets.application.answers.receipt import Receipts
from tickets.application.deliver import Deliver
from tickets.application.delivered import Delivered
from tickets.application.desk.duty import on_duty
from tickets.application.give_up import GiveUp
from tickets.application.house import House
from tickets.application.jobs.advance import Jobs
from tickets.application.jobs.job import Recompute, WhatIf
from tickets.application.jobs.recompute import Recomputing
from tickets.application.jobs.what_if import Supposing
from tickets.application.notices import AlertNotices
from tickets.application.receive import Porter
from tickets.application.take_call import CallTaker
from tickets.application.watch_duty import WatchDuty
from tickets.observability.metrics import Metrics
from tickets.persistence.api_keys import ApiKeys
from tickets.persistence.calls import PostgresCalls
from tickets.persistence.current import DB
from tickets.persistence.desk_store import PostgresDesks
from tickets.persistence.duty_store import PostgresDuties
from tickets.persistence.engine import Engine
from tickets.persistence.envelopes import PostgresEnvelopes
from tickets.persistence.idempotency import Idempotency
from tickets.persistence.job_store import PostgresJobs
from tickets.persistence.mail_addresses import PostgresAddresses
from tickets.persistence.outbox import PostgresOutbox
from tickets.persistence.promise_reading import PromiseReading
from tickets.persistence.reading import Reading
from tickets.persistence.secrets import installation_secret
from tickets.persistence.ticket_store import PostgresTickets
from tickets.settings import Settings
from tickets.worker.actors import deliver_actor
from tickets.worker.broker import make_broker
from tickets.worker.counting import Counting
from tickets.worker.doorbell import AGENTS, DUE, OUTBOX, WAITING, Doorbell, Listener
from tickets.worker.endpoints import Endpoints
from tickets.worker.perpetual import perpetual
from tickets.worker.relay import Relay
from tickets.worker.ring import Ring, RingThroughBroker, RingThroughDatabase
from tickets.worker.runner import Runner
from tickets.worker.switchboard import Switchboard
from tickets.worker.ticker import Bell, Ticker
from tickets.worker.witness import Clerk

Role = Literal["api", "worker", "ticker"]
ROLES: frozenset[Role] = frozenset({"api", "worker", "ticker"})

KEPT_ANSWERS = timedelta(days=7)
"""How long an Idempotency-Key gives the same answer again."""

CALLS_PULSE = timedelta(seconds=5)
"""How often calls without a hang-up are looked for."""

JOBS_PULSE = timedelta(seconds=1)
"""How often workers look whether a job has been asked for."""


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
    streams = Streams()
    ring, ring_outbox, ring_streams = _rings(bell, outbox_rung, streams, doorbell)
    counting = Counting(metrics, ring, ring_outbox)
    secret, desks = await _secret(settings, engine), PostgresDesks(engine)
    house = _house(settings, engine, desks, counting, new_id, secret)
    envelopes = PostgresEnvelopes(engine)
    calls = PostgresCalls(engine)
    taker = CallTaker(house, calls, counting.called, ring_streams)
    outbox = PostgresOutbox(engine)
    reading = Reading(engine)
    jobs = PostgresJobs(engine)
    secret = await _secret(settings, engine)
    parts = Parts(
        engine=engine,
        now=now,
        new_id=new_id,
        metrics=metrics,
        api_keys=ApiKeys(engine),
        idempotency=Idempotency(engine),
        house=house,
        porter=Porter(house, envelopes, taker, secret),
        desks=desks,
        envelopes=envelopes,
        addresses=PostgresAddresses(engine),
        reading=reading,
        promises=PromiseReading(engine),
        jobs=jobs,
        calls=calls,
        streams=streams,
        doors=Doors(secret, settings.public_url, os.environ),
        ring=ring,
        secret=secret,
        public_url=settings.public_url,
        measure=_measuring(metrics, reading, outbox, desks, now),
        largest_body=settings.body_limit,
    )
    return Application(
        settings=settings,
        engine=engine,
        parts=parts,
        ticker=Ticker(house, parts.porter, _watching(settings, parts, ring_outbox), bell),
        jobs=Jobs(
            jobs,
            {Recompute: Recomputing(house, jobs), WhatIf: Supposing(house, desks, jobs)},
            counting,
        ),
        outbox=outbox,
        outbox_rung=outbox_rung,
        doorbell=doorbell,
    )


def _house(
    settings: Settings,
    engine: Engine,
    desks: PostgresDesks,
    counting: Counting,
    new_id: Callable[[], UUID],
    secret: bytes,
) -> House:
    return House(
        PostgresTickets(engine, new_id),
        desks,
        AlertNotices(sender=settings.mail_from, public_url=settings.public_url),
        counting,
        new_id,
        answers=AnswersBySource(MailAnswers(secret)),
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


def _watching(settings: Settings, parts: Parts, left: Callable[[], object]) -> WatchDuty:
    return WatchDuty(
        duties=PostgresDuties(parts.engine),
        desks=parts.desks,
        sender=settings.mail_from,
        new_id=parts.new_id,
        left=left,
    )


async def _secret(settings: Settings, engine: Engine) -> bytes:
    if settings.secret is not None:
        return settings.secret.encode()
    return await installation_secret(engine, "keys", system.random_bytes)


def _measuring(
    metrics: Metrics,
    reading: Reading,
    outbox: PostgresOutbox,
    desks: PostgresDesks,
    now: Callable[[], datetime],
) -> Callable[[], Awaitable[None]]:
    async def measure() -> None:
        """Set the gauges that only the database knows."""
        state, leaving = await reading.gauges(), await outbox.backlog()
        age = timedelta() if leaving.oldest is None else now() - leaving.oldest
        desk = (await desks.current()).desk
        metrics.show_on_call({duty.schedule: duty.now.agent is not None for duty in on_duty(desk, now())})
        metrics.show_backlog(state.backlog, state.waiting, state.alerts, state.stuck)
        metrics.show_outbox(leaving.pending, leaving.dead, age)

    return measure


async def serve(
    app: Application,
    roles: frozenset[Role],
    announce: Callable[[], object] = lambda: None,
    keep: Keep = nothing_to_keep,
) -> None:
    """Run the roles until the process is asked to stop, then leave in order: nothing under way is cut off.

    `announce` is called once the API answers. What `keep` raises ends the process in the same order, and is
    raised then.
    """
    async with AsyncExitStack() as stack:
        stopped = asyncio.Event()
        tasks = [asyncio.create_task(_listen(app))]
        if "ticker" in roles:
            tasks.append(asyncio.create_task(app.ticker.run(system.now, stopped)))
            tasks.append(asyncio.create_task(perpetual("forget", lambda: _forget(app))))
            tasks.append(asyncio.create_task(perpetual("calls", lambda: _close_calls(app))))
            tasks.append(asyncio.create_task(perpetual("switchboard", lambda: _hear_exchanges(app))))
        if "worker" in roles:
            tasks.append(asyncio.create_task(await _deliver(app, stack)))
            tasks.append(asyncio.create_task(perpetual("jobs", lambda: _advance(app))))
        stack.push_async_callback(_end, tasks)
        if roles != ROLES:  # in one process its own bells are enough
            tasks.append(asyncio.create_task(app.doorbell.run()))
        asgi = create_app(app.parts, ROUTES if "api" in roles else health.ROUTES)
        system.settle_heap()
        await serve_http(asgi, app.settings.host, app.settings.port, announce, keep)
        stopped.set()


async def _forget(app: Application) -> None:
    """Drop kept answers and lines of agents' streams that are past their time, then rest."""
    await app.parts.idempotency.forget(app.parts.now() - KEPT_ANSWERS)
    await app.parts.calls.forget(app.parts.now() - KEPT_ANSWERS)
    await asyncio.sleep(timedelta(hours=1).total_seconds())


async def _hear_exchanges(app: Application) -> None:
    """Hear the Asterisks of the desk."""
    parts = app.parts
    away = parts.metrics.exchanges_away.set
    await Switchboard(parts.porter, os.environ, parts.now, parts.new_id, away).run()


async def _close_calls(app: Application) -> None:
    """End calls whose hang-up never came, then rest."""
    await app.parts.porter.calls.close_silent(app.parts.now())
    await asyncio.sleep(CALLS_PULSE.total_seconds())


async def _advance(app: Application) -> None:
    """Take a job one step further; rest when there is none."""
    if not await app.jobs.step(app.parts.now()):
        await asyncio.sleep(JOBS_PULSE.total_seconds())


async def _listen(app: Application) -> None:
    """Hear the bells of other processes."""
    bell = app.ticker.bell
    heard = {
        DUE: bell.ring,
        WAITING: lambda: bell.ring(everyone=True),
        OUTBOX: app.outbox_rung.set,
        AGENTS: app.parts.streams.ring,
    }
    await Listener(app.engine, heard).run()


async def _deliver(app: Application, stack: AsyncExitStack) -> Coroutine[None, None, None]:
    """Start the workers of the outbox; the relay that rings for them is returned, to be run."""
    settings, engine = app.settings, app.engine
    endpoints = Endpoints(engine, app.parts.desks, os.environ, system.random_bytes)
    webhooks = Webhook(endpoints, Gate(settings.allow_private_webhooks), system.now)
    stack.push_async_callback(webhooks.close)
    mail = Mail(mail_server(settings.smtp_url), settings.mail_from) if settings.smtp_url else NoMail()
    deliver = Deliver(
        outbox=app.outbox,
        ways={"email": mail, "webhook": webhooks},
        clock=system.now,
        jitter=system.chance,
        witness=Clerk(app.parts.metrics),
        bury=GiveUp(app.parts.house, app.outbox),
        settle=Delivered(app.parts.house, app.outbox),
    )

    async def attempt(row: UUID) -> None:
        await endpoints.refresh()
        await deliver(row)

    broker = make_broker(settings.broker_url, engine.url)
    stack.callback(broker.close)
    runner = Runner(broker, attempt)
    actor = deliver_actor(broker, runner.submit)
    ring: Ring = RingThroughDatabase(engine, actor)
    if settings.broker_url is not None:
        through = RingThroughBroker(actor)
        stack.callback(through.close)
        ring = through
    runner.start()
    stack.push_async_callback(runner.stop)
    return Relay(outbox=app.outbox, ring=ring, clock=system.now, woken=app.outbox_rung).run()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
