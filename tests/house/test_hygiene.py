"""What stands in the folder: nothing of one machine, nothing unfinished, nothing without a place."""

import json
import os
import re
from pathlib import Path

import yaml

TOP_LEVEL = {
    "src", "tests", "docs", "helm", "openapi", ".ci",
    "Makefile", "README.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "requirements.lock",
    "requirements-dev.lock", ".gitignore",
}  # fmt: skip
ONE_MACHINE = re.compile(
    r"(?<![\w.])/(wor[k]|far[m]|roo[t])/|python[h]osted|[p]ypi[.]org|registry[.]npm[j]s|deb[.]debi[a]n"
)
UNFINISHED = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X])\b")
LARGEST = 512 * 1024


def ignored(root: Path) -> set[str]:
    """Top-level names that git does not keep, and git's own."""
    return {".git"} | {line.rstrip("/") for line in (root / ".gitignore").read_text().splitlines()}


def test_every_top_level_entry_has_a_reason(root: Path) -> None:
    assert {p.name for p in root.iterdir()} - ignored(root) - TOP_LEVEL == set()


def test_nothing_names_one_machine_or_registry(texts: dict[str, str]) -> None:
    assert {path for path, text in texts.items() if ONE_MACHINE.search(text)} == set()


def test_nothing_is_left_for_later(texts: dict[str, str]) -> None:
    code = {path: text for path, text in texts.items() if path.startswith("src/")}
    assert {path for path, text in code.items() if UNFINISHED.search(text)} == set()


def test_text_files_end_with_a_line_and_carry_no_carriage_return(texts: dict[str, str]) -> None:
    ours = {p: t for p, t in texts.items() if not p.endswith((".eml", ".csv")) and t}
    assert {path for path, text in ours.items() if not text.endswith("\n") or "\r" in text} == set()


def test_nothing_large_is_kept(root: Path, texts: dict[str, str]) -> None:
    assert {path for path in texts if (root / path).stat().st_size > LARGEST} == set()


def test_plain_yaml_and_json_files_parse(texts: dict[str, str]) -> None:
    for path, text in texts.items():
        if path.endswith((".yaml", ".yml")) and "/templates/" not in path:
            list(yaml.safe_load_all(text))
        elif path.endswith(".json"):
            json.loads(text)


def test_scripts_with_a_shebang_can_be_run(root: Path, texts: dict[str, str]) -> None:
    scripts = [path for path, text in texts.items() if text.startswith("#!")]
    assert ".ci/run" in scripts
    assert [path for path in scripts if not os.access(root / path, os.X_OK)] == []


def test_links_between_documents_lead_somewhere(root: Path, texts: dict[str, str]) -> None:
    dead = {
        f"{path} -> {target}"
        for path, text in texts.items()
        if path.endswith(".md")
        for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
        if not (root / path).parent.joinpath(target).exists()
    }
    assert dead == set()


def test_ci_runs_the_command_the_readme_names(texts: dict[str, str]) -> None:
    for command in ("make run", "make test"):
        assert command in texts["README.md"]
    assert re.search(r"\bmake test\b", texts[".ci/run"])


def test_every_decision_says_why_and_what_enforces_it(texts: dict[str, str]) -> None:
    parts = ("## Context", "## Decision", "## Consequences", "## Alternatives", "## Enforced by")
    records = {p: t for p, t in texts.items() if re.match(r"docs/decisions/\d{4}-", p)}
    assert len(records) > 1
    assert {path: part for path, text in records.items() for part in parts if part not in text} == {}
