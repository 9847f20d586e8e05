"""The broker that carries ids to workers: the database itself, or Redis or RabbitMQ by URL.

Its messages are doorbells. So there is no middleware: retries, delays, limits and results are the outbox's
affair, and a message whose work failed is simply done with.
"""

from urllib.parse import urlsplit

from dramatiq import Broker
from dramatiq_postgres import PostgresBroker  # type: ignore[import-untyped]
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

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
            return _Postgres(database_url)
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


class _Impatient(ConnectionPool[Connection]):
    """Connections of the broker. While there are none to be had it says so within two seconds.

    Consumers begin anew three seconds after that. Left to itself the broker would try ten times, ever more
    seldom: it would come back minutes after the database, and hear of no stop until then. Only of a closed
    pool it knows that trying again is useless.
    """

    def getconn(self, timeout: float | None = None) -> Connection:
        """A connection. Raises `PoolClosed` when there is none."""
        try:
            return super().getconn(timeout)
        except PoolTimeout as away:
            raise PoolClosed(str(away)) from away


class _Postgres(PostgresBroker):  # type: ignore[misc]
    """The broker with its own pool, closed with it."""

    def __init__(self, url: str) -> None:
        pool = _Impatient(
            url,
            kwargs={"application_name": "tickets-broker", "tcp_user_timeout": 10_000},
            min_size=0,
            max_size=16,
            open=True,
            check=ConnectionPool.check_connection,
            timeout=2,
            reconnect_timeout=1,
        )
        super().__init__(pool=pool, schema=SCHEMA, results=False, middleware=[])

    def close(self) -> None:
        """Let every connection go."""
        super().close()
        self.pool.close()


def _redis(url: str) -> Broker:
    from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415 - an optional dependency

    broker: Broker = RedisBroker(url=url, middleware=[])  # type: ignore[no-untyped-call]
    return broker


def _rabbitmq(url: str) -> Broker:
    from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415 - an optional dependency

    class Quorum(RabbitmqBroker):
        """Queues that outlive the loss of a node: replicated where there are several, and never transient."""

        def _build_queue_arguments(self, queue_name: str) -> dict[str, object]:
            asked = super()._build_queue_arguments(queue_name)  # type: ignore[no-untyped-call]
            return {**asked, "x-queue-type": "quorum"}

    return Quorum(url=url, confirm_delivery=True, middleware=[])
