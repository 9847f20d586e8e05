"""What a process does: the roles it runs, until it is asked to stop."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Literal

from tickets.adapters import system
from tickets.adapters.alertmanager import AlertmanagerWay
from tickets.adapters.direct import Carrier, DirectWay, Post
from tickets.adapters.gated_http import GatedHttp
from tickets.adapters.graph import Graph
from tickets.adapters.heartbeat import Heartbeat
from tickets.adapters.lmtp import LmtpServer
from tickets.adapters.pager import PagerWay
from tickets.adapters.smtp import Mail, NoMail, mail_server
from tickets.adapters.telegram import Telegram
from tickets.adapters.webhook import Webhook
from tickets.adapters.webhook_address import Gate
from tickets.adapters.zalo import Zalo
from tickets.api.app import ROUTES, create_app
from tickets.api.routes import health
from tickets.api.server import Keep, nothing_to_keep, serve_http
from tickets.application.desk.model import Desk, Pager
from tickets.application.notices.digest import Digests
from tickets.application.outbox.alertmanager import WAY
from tickets.application.outbox.deliver import Deliver, Way
from tickets.application.outbox.delivered import Delivered
from tickets.application.outbox.gather import Gather
from tickets.application.outbox.give_up import GiveUp
from tickets.application.outbox.put_off import PutOff
from tickets.bootstrap.wiring import Application
from tickets.intake import MessageAccount
from tickets.persistence.alertmanagers import PostgresAlertmanagers
from tickets.persistence.message_tokens import MessageTokens, SentParts
from tickets.persistence.outages import OUTAGES
from tickets.worker.actors import deliver_actor
from tickets.worker.alertmanagers import TellAlertmanagers
from tickets.worker.broker import make_broker
from tickets.worker.doorbell import AGENTS, DUE, OUTBOX, WAITING, Listener
from tickets.worker.endpoints import Endpoints
from tickets.worker.mail_fetch import MailFetch
from tickets.worker.perpetual import perpetual
from tickets.worker.relay import Relay
from tickets.worker.ring import Ring, RingThroughBroker, RingThroughDatabase
from tickets.worker.runner import Runner
from tickets.worker.switchboard import Switchboard
from tickets.worker.tidying import TIDY_PULSE, tidy
from tickets.worker.witness import Clerk

Role = Literal["api", "worker", "ticker"]
ROLES: frozenset[Role] = frozenset({"api", "worker", "ticker"})

KEPT_ANSWERS = timedelta(days=7)
"""How long an Idempotency-Key gives the same answer again."""

CALLS_PULSE = timedelta(seconds=5)
"""How often calls without a hang-up are looked for."""

JOBS_PULSE = timedelta(seconds=1)
"""How often workers look whether a job has been asked for."""


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
            tasks.append(asyncio.create_task(app.ticker.run(app.parts.now, stopped)))
            tasks.append(asyncio.create_task(perpetual("forget", lambda: _forget(app))))
            tasks.append(asyncio.create_task(perpetual("tidy", lambda: _tidy(app))))
            tasks.append(asyncio.create_task(perpetual("calls", lambda: _close_calls(app))))
            tasks.append(asyncio.create_task(perpetual("switchboard", lambda: _hear_exchanges(app))))
            tasks.append(asyncio.create_task(_fetch_mail(app, stack)))
        if "worker" in roles:
            tasks.append(asyncio.create_task(await _deliver(app, stack)))
            tasks.append(asyncio.create_task(perpetual("jobs", lambda: _advance(app))))
            tasks.append(asyncio.create_task(perpetual("alertmanagers", _alertmanagers(app).round)))
        stack.push_async_callback(_end, tasks)
        if roles != ROLES:  # in one process its own bells are enough
            tasks.append(asyncio.create_task(app.doorbell.run()))
        if "api" in roles and app.settings.lmtp is not None:
            await _open_door(app, app.settings.lmtp, stack)
        asgi = create_app(app.parts, ROUTES if "api" in roles else health.ROUTES)
        system.settle_heap()
        await serve_http(asgi, app.settings.host, app.settings.port, announce, keep)
        stopped.set()


async def _open_door(app: Application, listen: str, stack: AsyncExitStack) -> None:
    """Let mail servers hand mail over."""
    door = LmtpServer(app.parts.take_mail, app.settings.body_limit, app.parts.metrics.count_mail)
    await door.start(listen)
    stack.push_async_callback(door.close)


def _fetch_mail(app: Application, stack: AsyncExitStack) -> Coroutine[None, None, None]:
    """Fetch what waits in mailboxes, for as long as the returned work is run."""
    fetch = MailFetch(app.parts, app.parts.metrics.count_mail)
    stack.push_async_callback(_leave_mailboxes, app)
    stack.push_async_callback(fetch.close)
    return perpetual("mail_fetch", fetch.run)


async def _leave_mailboxes(app: Application) -> None:
    """Let others fetch at once; without a database they do when our lease ends."""
    with suppress(*OUTAGES):
        await app.parts.mail_places.release(app.parts.now())


async def _forget(app: Application) -> None:
    """Drop what is past its time: kept answers, lines of agents' streams, parts that left; then rest."""
    await app.parts.idempotency.forget(app.parts.now() - KEPT_ANSWERS)
    await app.parts.calls.forget(app.parts.now() - KEPT_ANSWERS)
    await app.parts.form_rates.forget(app.parts.now())
    await SentParts(app.engine).forget(app.parts.now() - KEPT_ANSWERS)
    desk = (await app.parts.desks.current()).desk
    await MessageTokens(app.engine).keep_only(desk.message_accounts)
    await asyncio.sleep(timedelta(hours=1).total_seconds())


async def _tidy(app: Application) -> None:
    """Drop what is past its time and objects nothing refers to, then rest."""
    parts = app.parts
    await tidy(parts.envelopes, parts.objects, parts.metrics, app.settings.keep_envelopes, parts.now())
    await asyncio.sleep(TIDY_PULSE.total_seconds())


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


def _alertmanagers(app: Application) -> TellAlertmanagers:
    """Who tells Alertmanagers."""

    async def named() -> Mapping[str, object]:
        return (await app.parts.desks.current()).desk.alertmanagers

    return TellAlertmanagers(PostgresAlertmanagers(app.engine), named, app.parts.now, app.ring_outbox)


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
    settings, engine, now = app.settings, app.engine, app.parts.now
    endpoints = Endpoints(app.outbox.endpoints, app.parts.desks, os.environ, system.random_bytes, now)
    webhooks = Webhook(endpoints, Gate(settings.allow_private_webhooks), now)
    stack.push_async_callback(webhooks.close)
    mail = Mail(mail_server(settings.smtp_url), settings.mail_from) if settings.smtp_url else NoMail()
    give_up = GiveUp(app.parts.house, app.outbox)
    digests = Digests(sender=settings.mail_from, public_url=settings.public_url)
    gather = Gather(app.parts.house, app.outbox, digests, app.parts.metrics.pages_gathered.inc)
    deliver = Deliver(
        outbox=app.outbox,
        ways={"email": mail, "webhook": webhooks, **_messengers(app, stack), **_heartbeat(app, stack)},
        clock=now,
        jitter=system.chance,
        witness=Clerk(app.parts.metrics),
        bury=give_up,
        settle=Delivered(app.parts.house, app.outbox),
        expiry=lambda: _page_expiry(app),
        hold_back=(PutOff(give_up, app.outbox, app.parts.metrics.pages_put_off.inc), gather),
        compose=gather.compose,
    )

    broker = make_broker(settings.broker_url, engine.url)
    stack.callback(broker.close)
    runner = Runner(broker, deliver, onward=app.onward, prepare=endpoints.refresh)
    actor = deliver_actor(broker, runner.submit)
    ring: Ring = RingThroughDatabase(engine, actor)
    if settings.broker_url is not None:
        through = RingThroughBroker(actor)
        stack.callback(through.close)
        ring = through
    runner.start()
    stack.push_async_callback(runner.stop)
    return Relay(outbox=app.outbox, ring=ring, clock=now, woken=app.outbox_rung).run()


async def _page_expiry(app: Application) -> timedelta:
    """How old a page may be, as the desk has it now."""
    return (await app.parts.desks.current()).page_expiry


def _messengers(app: Application, stack: AsyncExitStack) -> dict[str, Way]:
    """The ways to customers in messengers, to whatever rings where agents are, and to Alertmanagers."""
    http = GatedHttp(Gate(app.settings.allow_private_webhooks))
    stack.push_async_callback(http.close)
    post, sent = Post(http, app.parts.now), SentParts(app.engine)
    graph = Graph(post, os.environ)

    async def account(key: str) -> MessageAccount | None:
        return (await app.parts.desks.current()).message_account(key)

    carriers: dict[str, Carrier] = {
        "zalo": Zalo(post, MessageTokens(app.engine), os.environ),
        "messenger": graph,
        "whatsapp": graph,
        "telegram": Telegram(post, os.environ),
    }
    ways: dict[str, Way] = {way: DirectWay(carrier, account, sent) for way, carrier in carriers.items()}

    async def pager(key: str) -> Pager | None:
        return (await app.parts.desks.current()).desk.pagers.get(key)

    async def desk() -> Desk:
        return (await app.parts.desks.current()).desk

    alerts, notices = PostgresAlertmanagers(app.engine), app.parts.house.notices
    told = AlertmanagerWay(post, desk, alerts, notices, os.environ)
    return {**ways, "pager": PagerWay(post, pager, os.environ), WAY: told}


def _heartbeat(app: Application, stack: AsyncExitStack) -> dict[str, Way]:
    """The way to whoever wants to hear that we live, if there is anybody."""
    if app.settings.heartbeat_url is None:
        return {}
    http = GatedHttp(Gate(app.settings.allow_private_webhooks))
    stack.push_async_callback(http.close)
    return {"heartbeat": Heartbeat(app.settings.heartbeat_url, http)}


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
