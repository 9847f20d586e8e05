"""Messages that are doubled, reordered and lost, and brokers that lose everything they have."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.faults.scene import Scene, Size
from tests.faults.served import until
from tests.faults.stories.processes import SOON, calm
from tests.faults.tally import Tally
from tests.worker.brokers import delete_queues, free_port, rabbitmq, redis


async def unreliable(scene: Scene, size: Size) -> Tally:
    """Of the messages between relay and workers three in ten are lost; the rest is doubled and shuffled."""
    await scene.arm(size)
    await scene.bear(2, unreliable=True)

    async def all_left() -> bool:
        await scene.ring_again()
        return await scene.rested()

    await until(all_left, "everything has left", SOON * 4)
    return await calm(scene, "30 % lost, the rest doubled and shuffled")


async def redis_wiped(scene: Scene, size: Size) -> Tally:
    """Redis is ended with everything in it, is away for a moment, and begins empty."""
    return await _wiped(scene, size, redis)


async def rabbitmq_wiped(scene: Scene, size: Size) -> Tally:
    """RabbitMQ is ended with everything in it, is away for a while, and begins empty.

    One that is shared with others is not ended: its queues go, with everything in them.
    """
    if scene.rabbitmq is None:
        return await _wiped(scene, size, rabbitmq)
    await scene.arm(size)
    await scene.bear(2, TICKETS_BROKER_URL=scene.rabbitmq)
    for blow in range(size.blows):
        await scene.ring_again()
        await until(lambda least=size.paged * blow // size.blows: _heard(scene, least), "pages leave", SOON)  # type: ignore[misc]
        await asyncio.to_thread(delete_queues, scene.rabbitmq)
    return await calm(scene, f"{size.blows} times")


async def _wiped(scene: Scene, size: Size, broker: Callable[[int], AbstractContextManager[str]]) -> Tally:
    """The broker is away when the processes begin, and each time before it is new."""
    port = free_port()
    scheme = "redis://" if broker is redis else "amqp://guest:guest@"
    await scene.arm(size)
    await scene.bear(2, TICKETS_BROKER_URL=f"{scheme}127.0.0.1:{port}")
    for _ in range(size.blows):
        running = broker(port)
        await asyncio.to_thread(running.__enter__)
        await asyncio.sleep(1)
        await scene.ring_again()
        await asyncio.to_thread(running.__exit__, None, None, None)
    running = broker(port)
    await asyncio.to_thread(running.__enter__)
    await scene.ring_again()
    await until(lambda: _heard(scene, 0), "something leaves by the new broker", SOON)
    await asyncio.to_thread(running.__exit__, None, None, None)
    return await calm(scene, f"{size.blows} times")


async def _heard(scene: Scene, least: int) -> bool:
    return len(scene.ears.requests) > least
