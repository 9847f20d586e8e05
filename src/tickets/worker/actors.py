"""The one message there is: look at this outbox row."""

from collections.abc import Callable
from uuid import UUID

from dramatiq import Actor, Broker, actor

QUEUE = "outbox"


def deliver_actor(broker: Broker, deliver: Callable[[UUID], object]) -> Actor[[str], None]:
    """Declare `deliver(outbox_id)` on a broker; `deliver` is called in a worker's thread."""

    def work(outbox_id: str) -> None:
        deliver(UUID(outbox_id))

    return actor(broker=broker, actor_name="deliver", queue_name=QUEUE)(work)
