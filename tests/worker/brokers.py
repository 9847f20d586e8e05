"""Redis and RabbitMQ of our own: on free ports, in temporary folders, gone at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from dramatiq.common import dq_name
from pika import BlockingConnection, URLParameters  # type: ignore[import-untyped]

from tickets.worker.actors import QUEUE

RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")  # the one on PATH insists on another account
PATIENCE = 60.0


def missing(server: str) -> None:
    """A server that is not installed: a skip at home, a failure in CI, which installs it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{server} is not installed")
    pytest.skip(f"{server} is not installed")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], port: int, hello: bytes
) -> Iterator[None]:
    """A server that is ready once it answers `hello` on its port."""
    with Path(environment["HOME"], "log").open("wb") as log:
        process = subprocess.Popen(
            command, env=dict(environment), stdout=log, stderr=log, cwd=environment["HOME"]
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while not _answers(port, hello):
            assert process.poll() is None, Path(environment["HOME"], "log").read_text()
            assert time.monotonic() < deadline, Path(environment["HOME"], "log").read_text()
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _answers(port: int, hello: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as connection:
            connection.settimeout(1)
            connection.sendall(hello)
            return bool(connection.recv(1))
    except OSError:
        return False


@contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tickets-broker-"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def redis(port: int = 0) -> Iterator[str]:
    """The URL of a Redis that keeps nothing."""
    if shutil.which("redis-server") is None:
        missing("redis-server")
    port = port or free_port()
    with folder() as home:
        command = [
            "redis-server",
            "--port",
            str(port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(home),
        ]
        with running(command, {"HOME": str(home), "PATH": os.environ["PATH"]}, port, b"PING\r\n"):
            yield f"redis://127.0.0.1:{port}"


@contextmanager
def rabbitmq(port: int = 0) -> Iterator[str]:
    """The URL of a RabbitMQ, with an Erlang port mapper of its own; what it has goes with it."""
    if not RABBITMQ.exists():
        missing("rabbitmq-server")
    port, mapper = port or free_port(), str(free_port())
    with folder() as home:
        environment = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "ERL_EPMD_PORT": mapper,
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"tickets-{port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(home / "data"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(home / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "plugins"),
            "RABBITMQ_CONFIG_FILE": str(home / "none"),
            "RABBITMQ_CONF_ENV_FILE": str(home / "none"),
        }
        try:
            with running([str(RABBITMQ)], environment, port, b"hello, rabbit\r\n"):
                yield f"amqp://guest:guest@127.0.0.1:{port}"
        finally:
            subprocess.run(["epmd", "-kill"], env=environment, check=False, capture_output=True)


def delete_queues(url: str) -> None:
    """Let a RabbitMQ lose our queues with everything in them, while everybody is connected."""
    with BlockingConnection(URLParameters(url)) as connection:
        channel = connection.channel()
        for name in (QUEUE, dq_name(QUEUE)):
            channel.queue_delete(name)
