"""Receivers that answer 500, hang, drip, close after the body, or ask to wait."""

import itertools
from collections import defaultdict
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from tests.faults.scene import Scene, Size
from tests.faults.tally import Tally
from tests.worker.stage import Clock, delivery

from tickets.adapters.webhook import Endpoint, Webhook
from tickets.adapters.webhook_address import Gate
from tickets.adapters.webhook_signature import written_secret
from tickets.application.outbox.deliver import Again, Settled

_PUT = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
VALUES ($1, 'webhook', 'ops', $2, '{}', 'pending', $3, $3)
"""
ASKED = timedelta(minutes=7)
"""How long a receiver that is busy asks us to wait."""

TIMEOUT = timedelta(milliseconds=100)
MANNERS = ("500", "hang", "drip", "close", "429")


async def misbehaving(scene: Scene, size: Size) -> Tally:
    """Each manner is met `blows` times by each row before the receiver takes it; one never takes any."""
    clock = Clock()
    endpoint = Endpoint(f"http://127.0.0.1:{scene.ears.port}/", (written_secret(b"k" * 32),))
    way = Webhook(lambda _key: endpoint, Gate(["127.0.0.1"]), clock, timeout=TIMEOUT)
    deliver = delivery(scene.app.engine, clock, limit=TIMEOUT * 3, webhook=way)
    tally, attempts = Tally(), 0
    for manner in (*MANNERS, "never"):
        row, at = uuid4(), list[datetime]()
        await scene.app.engine.execute(_PUT, row, f'{{"manner": "{manner}"}}'.encode(), clock())
        while True:
            _behave(scene, "taken" if len(at) >= size.blows and manner != "never" else manner)
            at.append(clock())
            decided = await deliver(row)
            if not isinstance(decided, Again):
                break
            clock.now = decided.at
        attempts += len(at)
        tally.lost += (manner != "never") != isinstance(decided, Settled)
        waits = [later - sooner for sooner, later in itertools.pairwise(at)]
        tally.early += manner == "429" and any(wait < ASKED for wait in waits)
    await way.close()
    counted = await scene.tally()
    _same_in_every_attempt(scene, counted)
    counted.lost += tally.lost
    counted.early += tally.early
    counted.said = f"{attempts} attempts at {len(MANNERS)} kinds of receivers, and one that never takes any"
    return counted


def _behave(scene: Scene, manner: str) -> None:
    ears = scene.ears
    ears.drip = manner == "drip"
    match manner:
        case "500" | "never":
            ears.will_say("500 Internal Server Error")
        case "hang":
            ears.answer = None
        case "close":
            ears.answer = b""
        case "429":
            ears.will_say("429 Too Many Requests", f"retry-after: {ASKED.total_seconds():.0f}")
        case "taken":
            ears.will_say("204 No Content")


def _same_in_every_attempt(scene: Scene, tally: Tally) -> None:
    bodies: dict[UUID, set[bytes]] = defaultdict(set)
    for seen in scene.ears.requests:
        bodies[UUID(seen.headers["webhook-id"])].add(seen.body)
    tally.changed += sum(len(variants) - 1 for variants in bodies.values())
