"""The rows of a CSV file, packed or not, as cases; and what happens to them, in the order of time."""

import csv
import gzip
from collections.abc import Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Literal, TextIO, cast

from msgspec import Struct

from tickets.errors import CannotStart
from tickets.replay.mapping import Case, Mapping, case_of


class Step(Struct, frozen=True):
    """Something the file says happened."""

    at: datetime
    deed: Literal["open", "solve"]
    case: Case


def read_cases(path: Path, mapping: Mapping, limit: int | None = None) -> list[Case]:
    """Every case of a file, or the first `limit`. Raises `CannotStart` naming the line at fault."""
    cases: list[Case] = []
    try:
        with _opened(path) as lines:
            rows = csv.DictReader(lines)
            for row in rows:
                if len(cases) == limit:
                    break
                if (case := _read(row, mapping, path, rows.line_num)) is not None:
                    cases.append(case)
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as fault:
        raise CannotStart(f"{path} cannot be read: {fault}.") from fault
    return cases


def steps_of(cases: Iterable[Case]) -> list[Step]:
    """Openings and solutions in the order of time; a case opens before it is solved."""
    return sorted(_steps(cases), key=attrgetter("at"))


def _steps(cases: Iterable[Case]) -> Iterator[Step]:
    for case in cases:
        yield Step(case.opened, "open", case)
        if case.closed is not None:
            yield Step(case.closed, "solve", case)


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return cast("TextIO", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _read(row: dict[str, str], mapping: Mapping, path: Path, line: int) -> Case | None:
    try:
        return case_of(row, mapping)
    except KeyError as missing:
        raise CannotStart(f"{path} has no column {missing}, which the mapping names.") from missing
    except (ValueError, AttributeError) as fault:
        raise CannotStart(f"{path}, line {line}: {fault}.") from fault
