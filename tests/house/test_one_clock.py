"""Law 5: `now` is a parameter of every pure function and every SQL statement; one adapter reads the time."""

import ast
import re

READS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns"}
"""Wall-clock reads. `time.monotonic` and `time.perf_counter` measure durations and are no part of the law."""
SQL_READS = re.compile(
    r"\b(now|clock_timestamp|transaction_timestamp|statement_timestamp|timeofday)\(\)"
    r"|\bcurrent_(date|time|timestamp)\b|\blocal(time|timestamp)\b",
    re.IGNORECASE,
)


def docstrings(tree: ast.Module) -> set[int]:
    """Identities of the constants that are prose: docstrings of modules, classes, functions, attributes."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def test_only_one_adapter_reads_the_system_clock(sources: dict[str, ast.Module]) -> None:
    readers = {
        path
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ".".join(ast.unparse(node.func).removeprefix("dt.").split(".")[-2:]) in READS
    }
    assert {path for path in readers if not path.startswith("src/tickets/adapters/")} == set()
    assert len(readers) <= 1, readers


def test_no_sql_statement_asks_the_database_for_the_time(sources: dict[str, ast.Module]) -> None:
    found = {
        f"{path}:{node.lineno}"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if path.startswith("src/tickets/")  # the libraries know no SQL
        and path != "src/tickets/persistence/vital_signs.py"  # sees whether our clock and its clock agree
        and isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings(tree)
        and SQL_READS.search(node.value)
    }
    assert found == set()


def test_every_instant_column_states_its_default(sources: dict[str, ast.Module]) -> None:
    """Piccolo's bare `Timestamptz()` means *now*, read from the process's clock."""
    bare = {
        f"{path}:{node.lineno}"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in {"Timestamptz", "Timestamp", "Date", "Time"}
        and not any(keyword.arg == "default" for keyword in node.keywords)
    }
    assert bare == set()
