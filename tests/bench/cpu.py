"""What a process has cost so far, from /proc (Linux; nothing elsewhere)."""

import os
from pathlib import Path

_STAT = Path("/proc")
_PARENT, _TIMES = 1, slice(11, 15)  # after the name: parent; then own and reaped children's, user and system


def spent(process: int) -> float:
    """Seconds of processor time of a process and of its children, living or gone."""
    if not _STAT.exists():
        return 0.0
    ticks = 0
    for folder in _STAT.iterdir():
        if folder.name.isdigit() and (fields := _fields(folder)) is not None:
            if int(folder.name) == process:
                ticks += sum(map(int, fields[_TIMES]))
            elif int(fields[_PARENT]) == process:
                ticks += sum(map(int, fields[_TIMES][:2]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _fields(folder: Path) -> list[str] | None:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # gone meanwhile
        return None
