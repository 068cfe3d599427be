"""What measurements are made of: costs, lines of the printed table, and how they are taken."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Cost:
    """One measurement: best of its runs. The peak is of the whole process, Django included."""

    seconds: float
    peak_mb: float
    remark: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the printed table; a bare cost gives the ratio."""

    label: str
    cost: Cost
    bare: Cost | None = None


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
