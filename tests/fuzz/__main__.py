"""Throws mutated mails, forms and calls at intake for a while: `make fuzz`, or `python tests/fuzz --help`.

Coverage leads the mutations where atheris is installed (`pip install atheris`); else they are blind, from the
same seeds. Any exception ends the run with its input, and so does an input that takes a second of processor
time. The slowest is told at the end.
"""

import argparse
import logging
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src")]

try:
    import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore]
except ImportError:
    atheris = None
with nullcontext() if atheris is None else atheris.instrument_imports(include=["tickets"]):
    from tests.fuzz.targets import SEEDS, TARGETS

LIMIT = 1.0
"""Seconds of processor time one input of at most `LONGEST` bytes may take."""
LONGEST = 65_536


class Watch:
    """Runs every target on an input and remembers the slowest."""

    def __init__(self) -> None:
        self.inputs = 0
        self.slowest: tuple[float, str, bytes] = (0.0, "", b"")

    def __call__(self, data: bytes) -> None:
        """One input through one target, which its first byte chooses."""
        self.inputs += 1
        name = sorted(TARGETS)[data[0] % len(TARGETS)] if data else "mail"
        began = time.process_time()
        TARGETS[name](data[1:LONGEST])
        took = time.process_time() - began
        if took > self.slowest[0]:
            self.slowest = (took, name, data[:LONGEST])
        if took > LIMIT:
            raise RuntimeError(f"{name} took {took:.1f} s of processor time for {data[:LONGEST]!r}")

    def tell(self) -> None:
        """What came of it."""
        took, name, data = self.slowest
        sys.stdout.write(
            f"{self.inputs} inputs, no exception; slowest {1000 * took:.1f} ms, {name}: {data[:120]!r}\n"
        )


def blindly(watch: Callable[[bytes], None], seconds: float, seed: int) -> None:
    """Cut, doubled, swapped and flipped seeds until the time is over."""
    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    pool = list(SEEDS)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = bytearray(dice.choice(pool))
        for _ in range(dice.randint(1, 8)):
            at, other = dice.randrange(len(data) + 1), dice.choice(pool)
            begin = dice.randrange(len(other))
            piece = other[begin : begin + dice.randint(1, 60)] * dice.choice((1, 1, 1, 2, 200))
            data[at : at + dice.choice((0, 0, 1, 40))] = dice.choice((piece, bytes([dice.randrange(256)])))
        one = bytes([dice.randrange(256)]) + bytes(data[:LONGEST])
        watch(one)
        if dice.random() < 0.02 and len(pool) < 2_000:
            pool.append(one[1:])


def main() -> None:
    """Fuzz for so many seconds."""
    ask = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    ask.add_argument("--seconds", type=float, default=60)
    ask.add_argument("--seed", type=int, default=1)
    asked = ask.parse_args()
    logging.disable()  # python-multipart tells of every byte it does not like
    watch = Watch()
    if atheris is None:
        blindly(watch, asked.seconds, asked.seed)
        watch.tell()
        return
    with tempfile.TemporaryDirectory(prefix="tickets-fuzz-") as corpus:
        led(watch, Path(corpus), asked.seconds, asked.seed)


def led(watch: Watch, corpus: Path, seconds: float, seed: int) -> None:
    """Let coverage lead until the time is over. libFuzzer never returns, so that the process ends here."""
    for target in range(len(TARGETS)):
        for place, text in enumerate(SEEDS):
            (corpus / f"{target}-{place}").write_bytes(bytes([target]) + text)
    until = time.monotonic() + seconds

    def one(data: bytes) -> None:
        watch(data)
        if time.monotonic() > until:
            watch.tell()
            sys.stdout.flush()
            shutil.rmtree(corpus)
            os._exit(0)

    atheris.Setup([sys.argv[0], f"-max_len={LONGEST}", "-len_control=0", f"-seed={seed}", str(corpus)], one)
    atheris.Fuzz()


main()
