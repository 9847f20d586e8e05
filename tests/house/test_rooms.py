"""Who may import whom (the contracts in pyproject.toml), and that each contract can fail."""

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

TRESPASSES = {
    "Imports run one way through the rooms of tickets": {"tickets/domain/ticket.py": "import tickets.api"},
    "Imports run one way through the rooms of tickets.application": {
        "tickets/application/arrivals/arrive.py": "import tickets.application.outbox",
    },
    "sla and routing know neither each other nor tickets": {"sla/clock.py": "import routing"},
    "sla and routing stand without tickets": {"routing/router.py": "import tickets.domain"},
    "Only application.facts, acts.runs, promises, runs, placements and desk speak to sla and routing": {
        "tickets/api/routes.py": "from sla import engine",
    },
    "The pure rooms neither read a clock, throw dice nor touch the world": {
        "tickets/intake/form.py": "from time import monotonic",
    },
}
PERMITTED = {
    "tickets/application/facts.py": "import sla.engine",
    "tickets/application/desk/policies.py": "from sla import engine",
    "tickets/application/promises/standing.py": "import sla",
    "tickets/application/placements/placing.py": "import routing",
    "tickets/application/acts/runs.py": "import sla",
    "tickets/api/app.py": "import tickets.settings",
    "tickets/bootstrap/wiring.py": "import tickets.api.app",
}
ROOMS = (
    "sla", "routing", "tickets", "tickets/domain", "tickets/intake", "tickets/application",
    "tickets/application/acts", "tickets/application/arrivals", "tickets/application/desk",
    "tickets/application/outbox", "tickets/application/placements", "tickets/application/promises",
    "tickets/api", "tickets/bootstrap",
)  # fmt: skip


def lint(folder: Path) -> tuple[int, str]:
    """Run the contracts of `folder/pyproject.toml` on the packages in `folder/src`."""
    command = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run(
        [command, "--no-cache", "--no-logo"],
        cwd=folder,
        env={"PYTHONPATH": str(folder / "src"), "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def build(folder: Path, root: Path, files: dict[str, str]) -> Path:
    """Lay out a small house with the real contracts."""
    (folder / "pyproject.toml").write_text((root / "pyproject.toml").read_text())
    empty = {f"{room}/__init__.py": "" for room in ROOMS}
    for path, text in {**empty, "sla/engine.py": "", "tickets/settings.py": "", **files}.items():
        (folder / "src" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "src" / path).write_text(text)
    return folder


def test_every_import_contract_holds(root: Path) -> None:
    code, said = lint(root)
    assert code == 0, said


def test_the_ways_the_contracts_leave_open_stay_open(root: Path, tmp_path: Path) -> None:
    code, said = lint(build(tmp_path, root, PERMITTED))
    assert code == 0, said


def test_each_contract_catches_its_trespasser(root: Path, tmp_path: Path) -> None:
    files = {path: text for each in TRESPASSES.values() for path, text in each.items()}
    code, said = lint(build(tmp_path, root, files))
    assert code == 1, said
    assert {name for name in TRESPASSES if f"{name} BROKEN" in said} == set(TRESPASSES), said


@pytest.mark.parametrize("house", ["tickets", "tickets/application"])
def test_a_new_room_must_be_given_its_place(house: str, root: Path, tmp_path: Path) -> None:
    code, said = lint(build(tmp_path, root, {f"{house}/attic.py": ""}))
    assert code == 1, said
    assert "attic" in said


def test_sla_and_routing_use_msgspec_and_the_standard_library_only() -> None:
    graph = grimp.build_graph("sla", "routing", include_external_packages=True, cache_dir=None)
    ours = {m for m in graph.modules if m.split(".")[0] in {"sla", "routing"}}
    used = {target for module in ours for target in graph.find_modules_directly_imported_by(module)}
    assert used - ours - sys.stdlib_module_names <= {"msgspec"}
