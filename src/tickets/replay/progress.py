"""A bar that shows how far a replay is, and at what instant."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from tickets.replay.simulation import Progress


@contextmanager
def progress_bar(total: int) -> Iterator[Progress]:
    """A bar on standard error, where that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        shown = ""

        def advance(at: datetime) -> None:
            nonlocal shown
            day = f"{at:%Y-%m-%d}"
            if day != shown:
                shown = day
                bar.update(task, description=day)
            bar.advance(task)

        yield advance
