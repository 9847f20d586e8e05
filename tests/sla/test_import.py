"""`sla` is usable alone."""

import doctest
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import sla


def test_importing_sla_needs_msgspec_and_the_standard_library_alone(tmp_path: Path) -> None:
    for module in (sla, msgspec):
        folder = Path(module.__file__ or "").parent
        (tmp_path / folder.name).symlink_to(folder)
    script = (
        f"import sys; sys.path.append({str(tmp_path)!r}); import sla; sla.BusinessCalendar(always_open=True)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("page", ["README.md", "docs/sla.md"])
def test_what_the_pages_say_of_sla_runs_as_written(page: str) -> None:
    guide = Path(__file__).parents[2] / page
    failed, tried = doctest.testfile(str(guide), module_relative=False)
    assert (failed, tried > 0) == (0, True)
