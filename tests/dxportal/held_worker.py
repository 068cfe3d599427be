"""The portal's Celery app, for a worker that stops still at one moment of a report.

Started as `celery --app tests.dxportal.held_worker worker` with HOLD_AT naming one of `MOMENTS`.
The first process that comes to the moment writes its number into the file HELD and then does
nothing for ever, so that it can be killed just there; every later one passes by. The product knows
nothing of it: its functions are wrapped here.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dxportal.settings")
django.setup()

from dxportal import services, tasks  # noqa: E402
from dxportal.celery import app  # noqa: E402, F401  # what `celery --app` looks for
from dxportal.reports import (  # noqa: E402
    build,
    crew,
    pdf,
    pdf_joining,
    pdf_parts,
    snapshots,
)

# (where, name of the function, before or after it), in the order in which a report meets them.
MOMENTS: dict[str, tuple[Any, str, str]] = {
    "message taken": (services, "claim_job", "before"),
    "job claimed": (services, "claim_job", "after"),
    "data being read": (build, "report_of", "before"),
    "snapshot written, not noted": (snapshots, "_write", "after"),
    "parts announced": (crew, "announce", "after"),
    "part being laid out": (pdf, "render", "before"),
    "helper laying out": (crew, "help_with", "before"),
    "part written, not noted": (crew, "_facts_path", "after"),
    "parts being joined": (pdf_joining.Joined, "finish", "before"),
    "file written": (services, "finish_job", "before"),
    "file named, not committed": (services, "_record", "before"),
    "job done, message not acknowledged": (services, "finish_job", "after"),
}


def hold() -> None:
    held = Path(os.environ["HELD"])
    try:
        with held.open("x") as file:
            file.write(str(os.getpid()))
    except FileExistsError:
        return
    time.sleep(3600)


def wrapped(function: Callable[..., Any], when: str) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            hold()
        result = function(*args, **kwargs)
        if when == "after":
            hold()
        return result

    return call


if moment := os.environ.get("HOLD_AT"):
    where, name, when = MOMENTS[moment]
    setattr(where, name, wrapped(getattr(where, name), when))
    if name == "report_of":
        assert tasks.build is build.build  # it looks the name up where it was wrapped
# The tests' plan is small: cut it all the same.
pdf_parts.MAX_WEIGHT = 30
