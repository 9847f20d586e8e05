"""Mails a second, read by Python's `policy.default` and by us, in turns over the same real mails."""

import email
import os
import statistics
import sys
import tarfile
import time
from collections.abc import Callable
from email.policy import default
from operator import truediv
from pathlib import Path

from tickets.intake import Mailbox, read_mail
from tickets.intake.addresses import read_addresses
from tickets.intake.mime import read_parts

DATA = Path(os.environ.get("TICKETS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "mail"
_MAILBOX = Mailbox(key="help", address="help@desk.example")


def _parse(raw: bytes) -> None:
    """What `email` calls parsing: the tree; headers are left as text until they are asked for."""
    email.message_from_bytes(raw, policy=default)


_ASKED = ("from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references")


def _use(raw: bytes) -> None:
    """And asked for what a help desk needs; it raises on some mails, which count as read."""
    try:
        found = email.message_from_bytes(raw, policy=default)
        for name in _ASKED:
            found.get(name)
        for part in found.walk():
            if not part.is_multipart():
                part.get_payload(decode=True)
    except Exception:  # noqa: BLE001, S110 - that it does is known
        pass


def _our_use(raw: bytes) -> None:
    """The same headers and contents, of our tree."""
    root = read_parts(raw)
    for name in _ASKED:
        root.headers.text(name)
    for name in ("from", "to", "cc"):
        read_addresses(root.headers.plain(name))
    for part in root.walk():
        if not part.children:
            part.content  # noqa: B018 - read for the time it takes


CONTESTANTS: dict[str, Callable[[bytes], object]] = {
    "email: parse": _parse,
    "email: use": _use,
    "ours: parse": read_parts,
    "ours: use": _our_use,
    "ours: a whole draft": lambda raw: read_mail(raw, _MAILBOX, b"secret"),
}


def read_corpus() -> list[bytes]:
    """3,000 real mails; none where the archive is missing."""
    archive = DATA / "spamassassin_1.tar.gz"
    if not archive.exists():
        return []
    with tarfile.open(archive) as mails:
        return [file.read() for member in mails if (file := mails.extractfile(member)) is not None]


def measure(rounds: int) -> None:
    """Print what each contestant read a second of processor time, and its ratio to the first."""
    raws = read_corpus()
    if not raws:
        sys.stdout.write(f"mail: no mails at {DATA}\n")
        return
    rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name, read in CONTESTANTS.items():
            began = time.process_time()
            for raw in raws:
                read(raw)
            rates[name].append(len(raws) / (time.process_time() - began))
    for name, seen in rates.items():
        ratios = (
            statistics.median(map(truediv, seen, rates[each])) for each in ("email: parse", "email: use")
        )
        to_parse, to_use = ratios
        sys.stdout.write(
            f"mail: {name}: {statistics.median(seen):,.0f} a second, {to_parse:.2f} of parsing,"
            f" {to_use:.2f} of use by `email`\n"
        )
