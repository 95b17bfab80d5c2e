"""CPU time and memory of process trees, from /proc."""

import os
from pathlib import Path
from typing import NamedTuple

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Usage(NamedTuple):
    """CPU seconds since each process began, summed over a tree, and its resident bytes."""

    cpu_s: float
    resident_bytes: int


def usage(root: int) -> Usage:
    """Of a process and all its descendants alive now, with what their ended children used."""
    cpu_ticks = 0
    resident = 0
    for pid in [root, *_descendants(root)]:
        try:
            # after the name in parentheses, which may itself hold spaces
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            cpu_ticks += sum(int(ticks) for ticks in fields[11:15])  # utime stime cutime cstime
            resident += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
    return Usage(cpu_ticks / _TICKS_PER_S, resident)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (FileNotFoundError, ProcessLookupError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        mine = children.get(waiting.pop(), [])
        found += mine
        waiting += mine
    return found
