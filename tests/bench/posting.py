"""Posts real mails, as a process of its own: `posting.py PORT KEY CONNECTIONS SECONDS MAILBOX`.

Each once while there are any, for known mails would not become tickets; then again, with other texts.
Prints one line of JSON.
"""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import msgspec
import uvloop

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.load import call
from tests.bench.mails import read_corpus


def posting(port: int, key: str, mailbox: str) -> Iterator[bytes]:
    """A request for each mail, without end."""
    raws = read_corpus()
    head = (
        f"POST /v1/intake/inbox/{mailbox} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {key}\r\n"
        "Content-Type: message/rfc822\r\nContent-Length: %d\r\n\r\n"
    )
    mails = (raw + b"\n%d" % n if n else raw for n in count() for raw in raws)
    return (head.encode() % len(mail) + mail for mail in mails)


if __name__ == "__main__":
    _, port, key, connections, seconds, mailbox = sys.argv
    asked = posting(int(port), key, mailbox)
    turn = uvloop.run(call(int(port), int(connections), float(seconds), asked))
    sys.stdout.buffer.write(msgspec.json.encode(turn))
