"""What measurements are made of: costs, lines of the printed table, and how they are taken."""

import resource
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cost:
    """One measurement: best of its runs. The peak is of the whole process, Django included."""

    seconds: float
    peak_mb: float
    remark: str = ""
    processor: float = 0  # seconds of it, of all processes; a busy machine does not change them


@dataclass(frozen=True)
class Line:
    """A line of the printed table; a bare cost gives the ratio."""

    label: str
    cost: Cost
    bare: Cost | None = None


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def resident_mb() -> float:
    """What the process occupies now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1_048_576


def held_mb(act: Callable[[], Any]) -> float:
    """What Python holds at most while it acts, beyond what it held before."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        act()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return (peak - before) / 1_000_000


def processor_seconds() -> float:
    """Of this process and of those that it has waited for, so far."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
