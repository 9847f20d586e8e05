#!/usr/bin/env python3
"""Make the virtual environment and install one lock file and the project into it, once.

    install.py VENV LOCK

Standard library only, since it runs before anything is installed. Two may start at once: one installs, the
other waits. Killed half way, the next run begins afresh: the stamp is written last. Every file is checked
against its hash; the project itself is built from this checkout with the locked build backend.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEV_LOCK = ROOT / "requirements-dev.lock"
OLDEST = (3, 11)
GUARD = ".installing"  # not .lock: uv takes that one itself and would wait for us
NO_ENSUREPIP = (
    "Python's venv module is incomplete here: install it first (Debian, Ubuntu: apt-get install python3-venv)"
)


def main(folder: str, lock: str) -> None:
    """Install what `lock` pins into `folder`, unless it is there already."""
    if sys.version_info < OLDEST:
        sys.exit(f"Python 3.11 or newer is needed; {sys.executable} is {sys.version.split()[0]}")
    target = Path(folder).absolute()
    try:
        target.mkdir(parents=True, exist_ok=True)
        with (target / GUARD).open("w") as guard:
            fcntl.flock(guard, fcntl.LOCK_EX)
            _install(target, ROOT / lock)
    except PermissionError as error:
        sys.exit(f"cannot write {error.filename}: own {target} or name another folder with VENV=")
    except subprocess.CalledProcessError as error:
        sys.exit(f"installing {lock} failed (exit {error.returncode}); its last words stand above")


def _install(target: Path, lock: Path) -> None:
    stamp = target / ".installed"
    held = stamp.read_text().split() if stamp.exists() else []
    # The dev lock holds everything the other does, in the same versions (a test sees to it).
    if _runs(target) and (_key(target, lock) in held or _key(target, DEV_LOCK) in held):
        return
    print(f"Installing {lock.name} into {target} (once; about a minute)", flush=True)
    if not held or not _runs(target):
        _create(target)
    stamp.unlink(missing_ok=True)
    if not _with_uv(target, lock):
        _with_pip(target, lock)
    stamp.write_text(_key(target, lock) + "\n")


def _key(target: Path, lock: Path) -> str:
    """What an installation depends on. The place too: a moved folder's scripts point to the old one."""
    parts = [str(target), lock.name, lock.read_text(), (ROOT / "pyproject.toml").read_text()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _python(target: Path) -> str:
    return str(target / "bin" / "python")


def _runs(target: Path) -> bool:
    """Whether the environment's Python is still there, new enough, and this folder's own."""
    probe = f"import sys; sys.exit(sys.version_info < {OLDEST} or sys.prefix != {str(target)!r})"
    try:
        return subprocess.run([_python(target), "-I", "-c", probe], check=False).returncode == 0
    except OSError:
        return False


def _create(target: Path) -> None:
    for entry in target.iterdir():  # our lock file stays: it is held, and others wait for it
        if entry.name != GUARD:
            shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
    if importlib.util.find_spec("ensurepip") is None:
        sys.exit(NO_ENSUREPIP)
    venv.create(target, symlinks=True, with_pip=True)


def _with_uv(target: Path, lock: Path) -> bool:
    """Install with uv, many times faster than pip, where it is on PATH and able to."""
    uv = shutil.which("uv")
    if uv is None:
        return False
    base = [uv, "pip", "install", "--quiet", "--python", _python(target)]
    steps = [[*base, *LOCKED, "-r", str(lock)], [*base, *PROJECT, "--offline", "-e", str(ROOT)]]
    return all(subprocess.run(s, check=False, capture_output=True).returncode == 0 for s in steps)


def _with_pip(target: Path, lock: Path) -> None:
    base = [_python(target), "-I", "-m", "pip", "install", "--disable-pip-version-check"]
    environment = {**os.environ, "PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
    quiet = [] if sys.stdout.isatty() else ["--quiet"]
    subprocess.run([*base, *quiet, *LOCKED, "-r", str(lock)], check=True, env=environment)
    subprocess.run([*base, "--quiet", *PROJECT, "--no-index", "-e", str(ROOT)], check=True, env=environment)


# The lock is complete (a test sees to it), so nothing is resolved: some pips look past a pin of `x` when
# `x[extra]` is asked for, and then refuse what they found because it has no hash.
LOCKED = ("--no-deps", "--require-hashes")
PROJECT = ("--no-deps", "--no-build-isolation")

if __name__ == "__main__":
    main(*sys.argv[1:])
