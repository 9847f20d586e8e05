"""Every story of faults, with how much of it `make test` plays and how much `make faults`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from msgspec import Struct
from tests.faults.scene import Scene, Size
from tests.faults.stories import bells, database, people, processes, receivers, runs
from tests.faults.tally import Tally


class Story(Struct, frozen=True, kw_only=True):
    """One story; without `short` it is too dear for every day.

    `repeating`: its desk repeats a page until somebody acknowledges. `own_server`: it harms PostgreSQL.
    `within`: how soon after the fault they have to go on; five times as much on the machine of a `make test`,
    which does something else beside.
    """

    name: str
    play: Callable[[Scene, Size], Awaitable[Tally]]
    short: Size | None
    full: Size
    repeating: bool = False
    own_server: bool = False
    within: timedelta | None = None

    def slow(self, tally: Tally, size: Size) -> bool:
        """Whether they went on too late after the fault."""
        most = None if self.within is None else self.within * (5 if size is self.short else 1)
        return most is not None and (tally.recovery is None or tally.recovery > most)


STORIES = (
    Story(
        name="kill -9 every 100 ms",
        play=processes.killed,
        short=Size(200, 20, 100, 15),
        full=Size(54_000, 6_000, 1_000, 600),
    ),
    Story(
        name="death at every point of claim, fire, commit, send, settle",
        play=processes.dying_at_every_point,
        short=Size(96, 40, 100, 1),
        full=Size(4_000, 1_000, 100, 25),
    ),
    Story(
        name="one of two tickers killed",
        play=processes.one_of_two_killed,
        short=Size(180, 20, 100, 1),
        full=Size(9_000, 1_000, 200, 1),
        within=timedelta(seconds=2),
    ),
    Story(
        name="2 tickers and one frozen with its claim",
        play=processes.two_tickers_and_a_frozen_one,
        short=Size(280, 20, 150, 2),
        full=Size(9_000, 1_000, 150, 60),
    ),
    Story(
        name="8 tickers and one frozen with its claim",
        play=processes.eight_tickers_and_a_frozen_one,
        short=Size(280, 20, 150, 2),
        full=Size(9_000, 1_000, 150, 60),
    ),
    Story(
        name="an hour down",
        play=processes.an_hour_down,
        short=Size(450, 50, 100, 0),
        full=Size(90_000, 10_000, 28, 0),
    ),
    Story(
        name="every session of the database ended again and again",
        play=processes.sessions_cut,
        short=Size(180, 20, 100, 15),
        full=Size(9_000, 1_000, 100, 1_000),
    ),
    Story(
        name="pg_ctl -m immediate under load",
        play=database.stopped_at_once,
        short=Size(140, 20, 40, 2),
        full=Size(18_000, 2_000, 200, 20),
        own_server=True,
        within=timedelta(seconds=2),
    ),
    Story(
        name="messages doubled, reordered, 30 % dropped",
        play=bells.unreliable,
        short=Size(0, 60, 60, 0),
        full=Size(0, 500, 100, 0),  # of one endpoint four are rung at a time, three in ten in vain
    ),
    Story(
        name="Redis wiped",
        play=bells.redis_wiped,
        short=Size(0, 40, 20, 2),
        full=Size(0, 2_000, 100, 15),
    ),
    Story(
        name="RabbitMQ wiped",
        play=bells.rabbitmq_wiped,
        short=Size(0, 40, 20, 2),
        full=Size(0, 2_000, 50, 5),
    ),
    Story(
        name="acknowledge racing fire",
        play=people.acknowledging_in_the_instant,
        short=Size(0, 60, 30, 0),
        full=Size(0, 10_000, 100, 0),
        repeating=True,
    ),
    Story(
        name="runs of several levels, kill -9 every 100 ms",
        play=runs.killed_over_runs,
        short=Size(0, 60, 60, 20),
        full=Size(0, 3_000, 60, 600),
    ),
    Story(
        name="receivers that answer 500, hang, drip, close, 429",
        play=receivers.misbehaving,
        short=Size(0, 0, 1, 2),
        full=Size(0, 0, 1, 9),
    ),
)
