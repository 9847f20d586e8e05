"""A light load generator, as a process of its own: `load.py PORT KEY CONNECTIONS SECONDS FIRST`.

So many connections, kept alive, each with one request under way. Prints one line of JSON.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec
import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.place import CUSTOMERS
from tests.bench.request import body
from tests.bench.turn import Turn

WARM_UP = 0.5


class Caller(asyncio.Protocol):
    """One connection: sends a request, waits for the whole answer, sends the next."""

    def __init__(self, requests: Iterator[bytes], seen: list[float], bad: list[bytes]) -> None:
        self.requests = requests
        self.seen = seen
        self.bad = bad
        self.heard = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        """Send one request."""
        request = next(self.requests)
        self.started = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take the answer in; ask again once it is whole."""
        self.heard += data
        head, found, rest = self.heard.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self.heard = b""
        if head.startswith((b"HTTP/1.1 201", b"HTTP/1.1 200")):
            self.seen.append(time.perf_counter() - self.started)
        else:
            self.bad.append(head + rest)
        self.ask()


def opening(port: int, key: str, first: int) -> Iterator[bytes]:
    """Requests that open tickets, with external ids from `first` on."""
    content = body("CUSTOMER", "order-EXTERNAL_").replace(b"%", b"%%")
    content = content.replace(b"-CUSTOMER@", b"-%s@").replace(b"EXTERNAL_", b"%s")
    length = len(content % (b"0001", b"000000001"))
    head = (
        f"POST /v1/tickets HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    template = head.encode() + content
    return (template % (b"%04d" % (n % CUSTOMERS + 1), b"%09d" % n) for n in count(first))


async def call(port: int, connections: int, seconds: float, requests: Iterator[bytes]) -> Turn:
    """What a turn of so many seconds came to, after a short warm-up."""
    seen: list[float] = []
    bad: list[bytes] = []
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Caller(requests, seen, bad), "127.0.0.1", port)
    await asyncio.sleep(WARM_UP)
    seen.clear()
    started = time.perf_counter()
    await asyncio.sleep(seconds)
    took = time.perf_counter() - started
    if bad:
        raise RuntimeError(bad[0].decode(errors="replace"))
    return Turn.of(seen, took)


if __name__ == "__main__":
    _, port, key, connections, seconds, first = sys.argv
    asked = opening(int(port), key, int(first))
    turn = uvloop.run(call(int(port), int(connections), float(seconds), asked))
    sys.stdout.buffer.write(msgspec.json.encode(turn))
