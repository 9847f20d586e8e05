"""Object stores for the tests: a folder, and a bucket of a server that speaks S3."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from tests.worker.brokers import free_port

PATIENCE = 60.0
ACCESS = {"AWS_ACCESS_KEY_ID": "tickets", "AWS_SECRET_ACCESS_KEY": "throw-away"}


@contextmanager
def bucket_server(folder: Path) -> Iterator[str]:
    """The URL of an empty bucket, served by a process of its own."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with (folder / "moto.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **ACCESS})
    try:
        endpoint = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + PATIENCE
        while not _made(f"{endpoint}/envelopes"):
            assert process.poll() is None, (folder / "moto.log").read_text()
            assert time.monotonic() < deadline, (folder / "moto.log").read_text()
            time.sleep(0.1)
        yield f"s3://envelopes/kept/here?endpoint={endpoint}&region=ap-southeast-1"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _made(bucket: str) -> bool:
    signed = "AWS4-HMAC-SHA256 Credential=tickets/20260101/us-east-1/s3/aws4_request"
    try:
        with urlopen(Request(bucket, method="PUT", headers={"Authorization": signed}), timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except OSError:
        return False
