"""The image: built from the hashed lock, small, not root. Read, not built: building needs a network."""

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def recipe(root: Path) -> str:
    return (root / "helm/Containerfile").read_text()


def test_every_dependency_is_checked_against_its_hash(recipe: str) -> None:
    installs = re.findall(r"^RUN pip install (.*)$", recipe, re.MULTILINE)
    assert len(installs) > 1
    assert [
        i for i in installs if "--require-hashes" not in i and not i.startswith("--no-index --no-deps")
    ] == []


def test_the_last_stage_runs_as_a_numbered_user_who_is_not_root(recipe: str) -> None:
    final = recipe.rsplit("\nFROM ", 1)[1]
    users = [int(u) for u in re.findall(r"^USER (\d+):\d+$", final, re.MULTILINE)]
    assert users
    assert min(users) > 0
    assert re.search(r"^RUN pip", final, re.MULTILINE) is None


def test_the_chart_and_the_image_agree_on_user_and_folder(root: Path, recipe: str) -> None:
    pod = (root / "helm/tickets/templates/_pod.tpl").read_text()
    (user,) = re.findall(r"^USER (\d+):", recipe, re.MULTILINE)
    assert f"runAsUser: {user}" in pod
    assert "TICKETS_DATA_DIR=/var/lib/tickets" in recipe
    assert "mountPath: /var/lib/tickets" in pod


def test_what_is_copied_is_there_and_nothing_else_is_sent(root: Path, recipe: str) -> None:
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.*) \S+$", recipe, re.MULTILINE)
        for name in line.split()
    }
    assert {name for name in copied if not (root / name).exists()} == set()
    allowed = (root / "helm/Containerfile.dockerignore").read_text().splitlines()
    assert "*" in allowed
    assert copied == {line[1:] for line in allowed if line.startswith("!")}
    assert not any(fnmatch(".data", line[1:]) for line in allowed if line.startswith("!"))
