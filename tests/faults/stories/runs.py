"""Runs of several levels under fire: of each run and level there is one event, whoever dies over it."""

import asyncio
import random
from collections import Counter, defaultdict
from uuid import UUID

from tests.armed import arm
from tests.faults.scene import LEAD, Scene, Size
from tests.faults.served import until
from tests.faults.stories.processes import SOON, calm
from tests.faults.tally import Tally

from tickets.adapters import system
from tickets.application.acts.runs import Acknowledge, tell_run
from tickets.application.publish import apply_file

LEVELS = frozenset({"broken", "first", "second", "fallback"})

DESK = """
webhooks:
  ops: {{url: "http://127.0.0.1:{port}/"}}
escalation_policies:
  ladder:
    levels:
      - {{name: broken, after_due: PT0S, notify: ["webhook:ops"]}}
      - {{name: first, delay: PT0S, notify: ["webhook:ops"]}}
      - {{name: second, delay: PT1S, notify: ["webhook:ops"]}}
    patience: PT1S
    rounds: 2
    fallback: ["webhook:ops"]
sla_policies:
  laddered:
    order: 1
    escalation: ladder
    targets: [{{metric: first_response, budget: PT4H, at_risk: null}}]
"""
_BEGUN = """
SELECT ticket_id, (data ->> 'run')::uuid FROM ticket_event
WHERE type = 'escalation.begun' AND (data ->> 'run')::uuid <> ALL ($1)
"""
_HAD = "SELECT DISTINCT (data ->> 'run')::uuid FROM ticket_event WHERE type = 'escalation.acknowledged'"
_PAGES = "SELECT run, level, repeat, covers FROM alert WHERE run IS NOT NULL"
_STEPS = """
SELECT ticket_id, type, count(*) FROM ticket_event
WHERE type IN ('escalation.begun', 'escalation.exhausted', 'escalation.acknowledged') GROUP BY ticket_id, type
"""
_AFTER = """
SELECT count(*) FROM ticket_event AS had JOIN ticket_event AS page ON page.ticket_id = had.ticket_id
WHERE had.type = 'escalation.acknowledged' AND page.type = 'alert_raised' AND page.data ? 'run'
  AND (page.epoch, page.position) > (had.epoch, had.position)
"""


async def killed_over_runs(scene: Scene, size: Size) -> Tally:
    """Four processes, one killed every 100 ms; meanwhile every third run is acknowledged, sooner or later."""
    model = await _model(scene)
    await arm(scene.app.engine, model, system.now() + LEAD, size.rate, size.paged)
    scene.armed += size.paged
    await scene.app.engine.execute("UPDATE ticket SET tick_at = NULL WHERE id = $1", model)
    await scene.bear(4, every=0.1)
    async with asyncio.TaskGroup() as people:
        crowd = Crowd(scene, people)

        async def struck() -> bool:
            return await crowd.look() >= 0 and scene.nursery.died >= size.blows

        async def begun() -> bool:
            return await crowd.look() >= size.paged

        await until(struck, "they die", SOON * 4)
        died = scene.nursery.died
        await scene.bear(2)
        await until(begun, "every run has begun", SOON)
    tally = await calm(scene, f"{died} killed, {crowd.had} of {size.paged} runs acknowledged")
    await _count(scene, tally)
    return tally


async def _model(scene: Scene) -> UUID:
    """The desk of this story, and the ticket that its tickets are copies of."""
    await apply_file(scene.app.parts.desks, DESK.format(port=scene.ears.port), system.now())
    answer = (await scene.client.post("/v1/tickets", json={"subject": "laddered"})).raise_for_status()
    model = scene.models["laddered"] = UUID(answer.json()["id"])
    await scene.app.engine.execute("UPDATE ticket SET waiting_since = NULL, route_at = NULL")
    return model


class Crowd:
    """Those who acknowledge every third run, up to two seconds after it began."""

    def __init__(self, scene: Scene, people: asyncio.TaskGroup) -> None:
        self.had = 0
        self._scene = scene
        self._people = people
        self._seen: set[UUID] = set()
        self._dice = random.Random(6)  # noqa: S311 - repeatable, not secret

    async def look(self) -> int:
        """See which runs have begun since, and send somebody to some; how many have begun by now."""
        for ticket, run in await self._scene.app.engine.fetch(_BEGUN, list(self._seen)):
            self._seen.add(run)
            if self._dice.random() < 1 / 3:
                self.had += 1
                self._people.create_task(self._acknowledge(ticket, run, self._dice.uniform(0, 2)))
        return len(self._seen)

    async def _acknowledge(self, ticket: UUID, run: UUID, after: float) -> None:
        await asyncio.sleep(after)
        await tell_run(self._scene.app.parts.house, ticket, run, Acknowledge(), "agent:tester", system.now())


async def _count(scene: Scene, tally: Tally) -> None:
    """Of every run and level one event, every run at its end, nothing after somebody had it."""
    engine = scene.app.engine
    steps: dict[UUID, Counter[str]] = defaultdict(Counter)
    for ticket, what, times in await engine.fetch(_STEPS):
        steps[ticket][what.partition(".")[2]] += times
    pages: dict[UUID, Counter[tuple[str, int]]] = defaultdict(Counter)
    heard: dict[UUID, set[str]] = defaultdict(set)
    for run, level, repeat, covers in await engine.fetch(_PAGES):
        pages[run][level, repeat] += 1
        heard[run] |= {level, *covers}
    acknowledged = {run for (run,) in await engine.fetch(_HAD)}
    tally.lost += sum(len(LEVELS - levels) for run, levels in heard.items() if run not in acknowledged)
    tally.lost += abs(len(pages) - tally.clocks) + abs(len(steps) - tally.clocks)
    tally.doubled += sum(times - 1 for counted in pages.values() for times in counted.values())
    for counted in steps.values():
        tally.lost += not counted["exhausted"] and not counted["acknowledged"]
        tally.doubled += max(counted.values()) - 1
    tally.after += await engine.fetch_value(_AFTER)
