"""A replay from a file to a tally: desk, key, requests, time, and what came of it."""

from collections.abc import Sequence
from time import perf_counter

from msgspec import Struct

from tickets.api.app import create_app
from tickets.application.publish import apply_file
from tickets.bootstrap import wired
from tickets.errors import CannotStart
from tickets.replay.cases import steps_of
from tickets.replay.doors import InProcess
from tickets.replay.mapping import Case
from tickets.replay.simulation import Progress, SimulatedTime, Simulation
from tickets.replay.summary import summary
from tickets.replay.tally import Tally, tally
from tickets.settings import Settings


class Replayed(Struct, frozen=True, kw_only=True):
    """What a replay came to. `seconds` of wall time went into requests and the time between them."""

    tally: Tally
    requests: int
    refused: dict[str, str]
    seconds: float

    def __str__(self) -> str:
        """The lines to print."""
        text = summary(self.tally, self.requests, len(self.refused), self.seconds)
        return "\n".join(
            [text, *(f"refused      {case}: {why}" for case, why in list(self.refused.items())[:5])]
        )


async def replay(
    settings: Settings, database_url: str, desk: str, cases: Sequence[Case], progress: Progress
) -> Replayed:
    """Send every case through the application on an empty, migrated database.

    Mails and webhooks stay in the outbox: nobody outside hears of what happened long ago. Raises
    `CannotStart` when there are no cases and `InvalidDesk` when the desk has faults.
    """
    steps = steps_of(cases)
    if not steps:
        raise CannotStart("The file has no request that the mapping takes.")
    clock = SimulatedTime(steps[0].at)
    async with wired(settings, database_url, now=clock.now, new_id=clock.new_id) as app:
        await apply_file(app.parts.desks, desk, clock.now())
        key = await app.parts.api_keys.bootstrap(clock.new_id(), clock.now())
        if key is None:
            raise CannotStart("The database of a replay must be empty.")
        simulation = Simulation(app, InProcess(create_app(app.parts), key), clock)
        started = perf_counter()
        await simulation.run(steps, progress)
        seconds = perf_counter() - started
        return Replayed(
            tally=await tally(app.engine, cases, simulation.tickets),
            requests=simulation.requests,
            refused={case: _why(answer.status, answer.body) for case, answer in simulation.refused.items()},
            seconds=seconds,
        )


def _why(status: int, body: bytes) -> str:
    return f"{status} {body[:300].decode(errors='replace')}"
