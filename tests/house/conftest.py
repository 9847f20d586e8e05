"""The house is tested as it stands in the folder: no git is asked, so a copy without history passes too."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "tests", "docs", "helm", "openapi", ".ci")
TEXT = {".py", ".md", ".toml", ".lock", ".yaml", ".yml", ".json", ".tpl", ".txt", ".sql", ".csv", ".eml", ""}


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    """Every text file that belongs to the project, by its path from the root."""
    files = [p for p in ROOT.iterdir() if p.is_file() and p.name != ".git"]  # a file in a worktree
    files += [p for folder in FOLDERS for p in (ROOT / folder).rglob("*") if p.is_file()]
    return {
        str(p.relative_to(ROOT)): p.read_text(encoding="utf-8", errors="replace")
        for p in sorted(files)
        if p.suffix in TEXT and "__pycache__" not in p.parts
    }


@pytest.fixture(scope="session")
def sources(texts: dict[str, str]) -> dict[str, ast.Module]:
    """Every Python file under src but the migrations, parsed."""
    return {
        path: ast.parse(text)
        for path, text in texts.items()
        if path.startswith("src/") and path.endswith(".py") and "/migrations/" not in path
    }
