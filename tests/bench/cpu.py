"""What a process has cost so far, from /proc (Linux; nothing elsewhere), and how fast a core is by now."""

import os
import time
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


def yardstick() -> float:
    """Seconds of processor time of a fixed piece of Python; on a core that is shared it takes more, too."""
    started = time.thread_time()
    seen: dict[int, tuple[int, int]] = {}
    x = 0
    for i in range(20_000):
        x = x * 31 + i & 0xFFFF
        seen[x & 0xFF] = x, i
        x += len(seen.get(x, ()))
    return time.thread_time() - started


def _fields(folder: Path) -> list[str] | None:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:  # gone meanwhile
        return None
