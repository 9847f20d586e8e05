"""Other processes that own embedded servers, and a look at what runs."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

SCRIPT = Path(__file__).with_name("supervised.py")
WAIT = 20.0
"""Seconds a story waits for what must happen."""


class Owner:
    """Another process of ours that starts the server of a folder, or joins it."""

    def __init__(self, folder: Path, how: str = "attach", uid: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, SCRIPT, folder, how, uid],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def says(self) -> tuple[str, str]:
        assert self.process.stdout is not None
        word, _, rest = self.process.stdout.readline().strip().partition(" ")
        return word, rest

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=WAIT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.02)


def server_pid(folder: Path) -> int:
    return int((folder / "data/postmaster.pid").read_text().split("\n")[0])


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()
