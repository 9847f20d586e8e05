"""How many mails a second become tickets, from the endpoint to the commit, beside the bare database."""

import asyncio
from functools import partial
from itertools import count
from statistics import median

import click
import yaml
from tests.bench.mails import read_corpus
from tests.bench.opening import BARE, costed, loaded, run
from tests.bench.place import Place, sample_desk
from tests.bench.turn import Turn

from tickets.application.arrivals.receive import Envelope
from tickets.bootstrap import Application

GOAL = 250
COUNTED = 400


def measure(place: Place, rounds: int, seconds: float, connections: int) -> None:
    """Turns of both, and the statements a mail takes. A turn has its own mailbox: no mail is known there."""
    if not read_corpus():
        return
    desk = yaml.safe_load(sample_desk())
    desk["mailboxes"] |= {f"in-{n}": {"address": f"in-{n}@desk.example"} for n in range(rounds + 1)}
    text = yaml.safe_dump(desk, allow_unicode=True)
    url, bare = place.database("mails", text), place.database("bare_mails", text)
    key, database, turn = place.key(url), place.server_process(), count()
    posted: list[Turn] = []
    beside: list[Turn] = []
    with place.running("api", url, connections) as server:
        for _ in range(rounds):
            load = key, connections, seconds, f"in-{next(turn)}"
            post = partial(loaded, server, seconds, "posting.py", *load)
            posted.append(costed(post, database, seconds))
            beside.append(run("bare.py", bare, connections, seconds))
    rate, ratio = median(each.rate for each in posted), median(each.rate for each in beside)
    cpu, by_database = (median(getattr(each, name) for each in posted) for name in ("cpu", "database"))
    click.echo(
        f"\nMail: POST /v1/intake/inbox, real mails, tickets api, {connections} connections, fsync on"
        f"\n{rate:,.0f} mails a second, at best {max(each.rate for each in posted):,.0f} (goal {GOAL});"
        f" {rate / ratio:.2f} of {BARE} ({ratio:,.0f})"
        f"\na mail: {cpu:.2f} ms of processor by the server, {by_database:.2f} ms by PostgreSQL,"
        f" p50 {median(each.p50 for each in posted):.0f} ms, p99 {median(each.p99 for each in posted):.0f} ms"
    )
    asyncio.run(place.with_app(url, lambda app: _statements(app, f"in-{next(turn)}", connections)))


async def _statements(app: Application, mailbox: str, connections: int) -> None:
    """How many statements so many mails take that come so many at a time."""
    sent = 0
    session = app.engine._session  # noqa: SLF001 - every statement asks for one

    def counted() -> object:
        nonlocal sent
        sent += 1
        return session()

    setattr(app.engine, "_session", counted)  # noqa: B010
    desk = await app.parts.house.desks.current()
    at_once = asyncio.Semaphore(connections)

    async def deliver(raw: bytes) -> None:
        async with at_once:
            envelope = Envelope(
                id=app.parts.new_id(),
                channel="inbox",
                account=mailbox,
                media_type="message/rfc822",
                body=raw,
                received_at=app.parts.now(),
            )
            await app.parts.porter.receive(envelope, desk, None)

    await asyncio.gather(*map(deliver, read_corpus()[:COUNTED]))
    click.echo(f"{sent / COUNTED:.2f} statements a mail, {connections} at a time")
