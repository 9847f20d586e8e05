"""The locks pin every file by its hash, name no address, agree with pyproject.toml and each other."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = ("requirements.lock", "requirements-dev.lock", ".ci/tools.lock")
EXTRAS = {"requirements.lock": ("redis", "rabbitmq", "build"), "requirements-dev.lock": ("dev",)}
ADDRESS = re.compile(r"https?:|file:|git\+|--(extra-)?index-url|--find-links|\s@\s")


def pins(text: str) -> dict[str, Version]:
    """Every pinned distribution of a lock file."""
    found = re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", text, re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def entries(text: str) -> list[str]:
    """The lock's logical lines, comments dropped."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    return [line for line in kept.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_hashes_and_no_address(root: Path, lock: str) -> None:
    text = (root / lock).read_text()
    loose = [e for e in entries(text) if not re.match(r"\S+==\S+ .*--hash=sha256:[0-9a-f]{64}", e)]
    assert loose == []
    assert ADDRESS.findall(text) == []


@pytest.mark.parametrize(("lock", "extras"), EXTRAS.items())
def test_the_lock_satisfies_what_pyproject_asks(root: Path, lock: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(r for e in extras for r in project["optional-dependencies"][e])]
    pinned = pins((root / lock).read_text())
    wanted = [Requirement(line) for line in asked if not line.startswith("tickets[")]
    unmet = [
        str(r)
        for r in wanted
        if (version := pinned.get(canonicalize_name(r.name))) is None or version not in r.specifier
    ]
    assert unmet == []


def wanted(name: str, extras: frozenset[str]) -> Iterator[Requirement]:
    """What an installed distribution asks for here, with these extras of it."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or any(requirement.marker.evaluate({"extra": e}) for e in extras):
            yield requirement


def test_the_lock_is_complete(root: Path) -> None:
    """Nothing is resolved when it is installed, so whatever anything in it asks for has to stand in it."""
    pinned = pins((root / "requirements-dev.lock").read_text())
    ahead = [Requirement("tickets[dev]")]
    seen: set[tuple[str, frozenset[str]]] = set()
    unmet: list[str] = []
    while ahead:
        asked = ahead.pop()
        name, extras = canonicalize_name(asked.name), frozenset(asked.extras) or frozenset({""})
        if name != "tickets" and (name not in pinned or pinned[name] not in asked.specifier):
            unmet.append(str(asked))
        elif (name, extras) not in seen:
            seen.add((name, extras))
            ahead += wanted(name, extras)
    assert unmet == []


def test_what_is_tested_is_what_runs(root: Path) -> None:
    run, dev = (pins((root / lock).read_text()) for lock in EXTRAS)
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}
