"""Mails a second, read by Python's `policy.default` and by us, in turns over the same real mails."""

import email
import os
import statistics
import sys
import tarfile
import time
from collections.abc import Callable
from email.policy import default
from pathlib import Path

from tickets.intake import Mailbox, read_mail
from tickets.intake.mime import read_parts

DATA = Path(os.environ.get("TICKETS_TEST_DATA", Path(__file__).parents[3] / "shared" / "data")) / "mail"
_MAILBOX = Mailbox(key="help", address="help@desk.example")


def _parse(raw: bytes) -> None:
    """What `email` calls parsing: the tree; headers are left as text until they are asked for."""
    email.message_from_bytes(raw, policy=default)


def _use(raw: bytes) -> None:
    """And asked for what a help desk needs; it raises on some mails, which count as read."""
    try:
        found = email.message_from_bytes(raw, policy=default)
        for name in ("from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references"):
            found.get(name)
        for part in found.walk():
            if not part.is_multipart():
                part.get_payload(decode=True)
    except Exception:  # noqa: BLE001, S110 - that it does is known
        pass


CONTESTANTS: dict[str, Callable[[bytes], object]] = {
    "email, policy.default: parse": _parse,
    "email, policy.default: parse and use": _use,
    "ours: parse": read_parts,
    "ours: a whole draft": lambda raw: read_mail(raw, _MAILBOX, b"secret"),
}


def measure(rounds: int) -> None:
    """Print what each contestant read a second of processor time, and its ratio to the first."""
    archive = DATA / "spamassassin_1.tar.gz"
    if not archive.exists():
        sys.stdout.write(f"mail: no mails at {archive}\n")
        return
    with tarfile.open(archive) as mails:
        raws = [file.read() for member in mails if (file := mails.extractfile(member)) is not None]
    rates: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    for _ in range(rounds):
        for name, read in CONTESTANTS.items():
            began = time.process_time()
            for raw in raws:
                read(raw)
            rates[name].append(len(raws) / (time.process_time() - began))
    first = statistics.median(rates["email, policy.default: parse"])
    for name, seen in rates.items():
        rate = statistics.median(seen)
        sys.stdout.write(f"mail: {name}: {rate:,.0f} a second, {rate / first:.2f}\n")
