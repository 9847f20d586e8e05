"""The broker that carries ids to workers: the database itself, or Redis or RabbitMQ by URL.

Its messages are doorbells. So there is no middleware: retries, delays, limits and results are the outbox's
affair, and a message whose work failed is simply done with.
"""

from urllib.parse import urlsplit

from dramatiq import Broker
from dramatiq_postgres import PostgresBroker  # type: ignore[import-untyped]

from tickets.errors import SettingsInvalid

SCHEMA = "dramatiq"
"""Where in our database the broker keeps its tables; a migration makes them."""


def make_broker(broker_url: str | None, database_url: str) -> Broker:
    """A broker that connects when it is first used; `close()` it in the end.

    Raises:
        SettingsInvalid: the URL is of no broker we know, or its client is not installed.
    """
    scheme = urlsplit(broker_url or "").scheme
    try:
        if broker_url is None:
            return _postgres(database_url)
        if scheme in ("redis", "rediss"):
            return _redis(broker_url)
        if scheme in ("amqp", "amqps"):
            return _rabbitmq(broker_url)
    except ImportError as missing:
        raise SettingsInvalid(
            f"TICKETS_BROKER_URL needs a client: pip install 'tickets[{_extra(scheme)}]'."
        ) from missing
    raise SettingsInvalid("TICKETS_BROKER_URL is none of redis://, rediss://, amqp://, amqps://.")


def idle_poll(broker: Broker) -> int:
    """Milliseconds an idle worker waits before it looks again.

    Redis never calls it sooner. The database does, but a call that comes between the worker's look and its
    sleep is lost on it.
    """
    return 50 if type(broker).__name__ == "RedisBroker" else 250


def _extra(scheme: str) -> str:
    return "redis" if scheme.startswith("redis") else "rabbitmq"


def _postgres(url: str) -> Broker:
    broker: Broker = PostgresBroker(url=url, schema=SCHEMA, results=False, middleware=[])
    return broker


def _redis(url: str) -> Broker:
    from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415 - an optional dependency

    broker: Broker = RedisBroker(url=url, middleware=[])  # type: ignore[no-untyped-call]
    return broker


def _rabbitmq(url: str) -> Broker:
    from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415 - an optional dependency

    return RabbitmqBroker(url=url, confirm_delivery=True, middleware=[])
