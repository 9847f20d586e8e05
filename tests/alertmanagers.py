"""Alertmanagers of our own: on free ports, in temporary folders, started, killed and started again, empty."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from tests.worker.brokers import PATIENCE, free_port, missing

ALERTMANAGER = "prometheus-alertmanager"
_CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"

USER, PASSWORD = "tickets", "geheim"
_HASH = "$2b$04$F6LOA7bOTNsfVIa6ZKHX7eiDUR6qNDha7kNV3PzgyY2c14J1hPVHC"
"""Of the password, with bcrypt."""


class RealAlertmanager:
    """One Alertmanager; with a password it takes nothing without."""

    def __init__(self, folder: Path, *, password: bool = False) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "config.yml").write_text(_CONFIG)
        (folder / "web.yml").write_text(f"basic_auth_users: {{{USER}: {_HASH}}}\n" if password else "{}\n")

    def start(self) -> None:
        """Serve, and wait until it does."""
        command = [
            ALERTMANAGER,
            f"--config.file={self.folder}/config.yml",
            f"--web.config.file={self.folder}/web.yml",
            f"--storage.path={self.folder}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once; the alerts it had go with it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def alerts(self) -> list[dict[str, Any]]:
        """What it shows as firing, oldest first."""
        found: list[dict[str, Any]] = self._get("/api/v2/alerts").json()
        return sorted(found, key=lambda alert: (alert["startsAt"], alert["labels"]["alert"]))

    def levels(self) -> list[str]:
        """The levels that fire."""
        return [alert["labels"]["level"] for alert in self.alerts()]

    def _get(self, path: str) -> httpx.Response:
        answer = httpx.get(self.url + path, auth=(USER, PASSWORD), timeout=PATIENCE, trust_env=False)
        return answer.raise_for_status()

    def _ready(self) -> bool:
        try:
            self._get("/-/ready")
        except httpx.HTTPError:
            return False
        return True


@contextmanager
def alertmanager(*, password: bool = False) -> Iterator[RealAlertmanager]:
    """A running Alertmanager; skips, or in CI fails, where none is installed."""
    if shutil.which(ALERTMANAGER) is None:
        missing(ALERTMANAGER)
    folder = Path(tempfile.mkdtemp(prefix="tickets-alertmanager-"))
    made = RealAlertmanager(folder, password=password)
    try:
        made.start()
        yield made
    finally:
        made.kill()
        shutil.rmtree(folder)
