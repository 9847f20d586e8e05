"""What the stories of this folder are played with: a clock that is set, rows to send, ways that obey."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from msgspec import Struct

from tickets.application.outbox.deliver import Claimed, Deliver, Outcome, Verdict, Way
from tickets.persistence.engine import Engine
from tickets.persistence.outbox import PostgresOutbox

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

INSERT = """
INSERT INTO outbox (id, way, destination, body, cause, state, wake_at, created_at)
VALUES ($1, $2, $3, $4, '{"alert": "a"}', 'pending', $5, $5)
"""


class Clock:
    """Stands still until told to move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **time: float) -> None:
        self.now += timedelta(**time)


class Attempt(Struct, frozen=True):
    destination: str
    row: UUID
    body: bytes


class Obedient:
    """A way whose outcomes are given in advance; the last one stays."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes) or [Outcome.sent()]
        self.attempts: list[Attempt] = []

    async def send(self, destination: str, row: UUID, body: bytes) -> Outcome:
        self.attempts.append(Attempt(destination, row, body))
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


class Notebook:
    """A witness that remembers."""

    def __init__(self) -> None:
        self.seen: list[tuple[Claimed, Verdict]] = []

    def __call__(self, claimed: Claimed, verdict: Verdict, now: datetime) -> None:  # noqa: ARG002 - a witness
        self.seen.append((claimed, verdict))


async def put(
    engine: Engine, way: str = "webhook", destination: str = "ops", body: bytes = b'{"a": 1}'
) -> UUID:
    """Write an outbox row as a use case would, due at START."""
    row = uuid4()
    await engine.execute(INSERT, row, way, destination, body, START)
    return row


async def state(engine: Engine, row: UUID) -> str:
    found: str = await engine.fetch_value("SELECT state FROM outbox WHERE id = $1", row)
    return found


def delivery(
    engine: Engine,
    clock: Callable[[], datetime],
    *,
    witness: Notebook | None = None,
    limit: timedelta = timedelta(seconds=5),
    **ways: Way,
) -> Deliver:
    """The use case over the real outbox, without jitter; what is given up is only noted there."""
    outbox = PostgresOutbox(engine)
    return Deliver(
        outbox=outbox,
        bury=outbox.conclude,
        settle=outbox.conclude,
        ways=ways,
        clock=clock,
        jitter=lambda: 0.0,
        witness=witness or Notebook(),
        limit=limit,
    )
