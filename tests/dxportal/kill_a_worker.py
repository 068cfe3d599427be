"""Kills real Celery workers in the middle of a report, and prints what becomes of each job.

    python -m tests.dxportal.kill_a_worker [MOMENT ...]

Without arguments every moment of `held_worker`, a broker that loses all its messages, and a message
that is delivered twice. Database, broker and files are those of the environment, which must be
made for it: all is written into. `test_report_worker.py` runs a few; by hand, with PostgreSQL and
Redis, in an empty DATA_DIR and with JOB_LEASE_SECONDS=2:

    script/with-services .venv/bin/python -m tests.dxportal.kill_a_worker
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dxportal.settings")
BROKER_LOSES, DELIVERED_TWICE = "broker loses messages", "message delivered twice"
HELPER = "helper laying out"
SECONDS_TO_END = 180


@contextlib.contextmanager
def worker(hold_at: str = "", held: Path | None = None) -> Iterator[subprocess.Popen]:
    """A worker of one process; it and what it started are gone when the block ends."""
    command = [
        sys.executable, "-m", "celery", "--quiet", "--app", "tests.dxportal.held_worker", "worker",
        "--pool", "solo", "--loglevel", "ERROR", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    environment = os.environ | {"HOLD_AT": hold_at, "HELD": str(held or ""), "C_FORCE_ROOT": "1"}
    process = subprocess.Popen(
        command, start_new_session=True, stdin=subprocess.DEVNULL, env=environment
    )
    try:
        yield process
    finally:
        kill(process)


def kill(process: subprocess.Popen) -> None:
    """At once and without a word."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(condition: Callable[[], object], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(0.05)


class Trial:
    """One report, from the request to its end."""

    def __init__(self, cast: Any, folder: Path) -> None:
        from accounts.audit import Actor
        from accounts.models import Channel
        from dxportal import services

        self.services, self.folder = services, folder
        actor = Actor(cast.coordinator, Channel.PAGE)
        self.job = services.request_report(actor, cast.plan, 2024, "pdf")

    def run(self, moment: str) -> dict[str, Any]:
        held = self.folder / f"held-{self.job.pk}"
        told: dict[str, Any] = {"moment": moment}
        if moment == BROKER_LOSES:
            told["lost"] = self.services.app.control.purge()
        elif moment == DELIVERED_TWICE:
            self.services._send(self.job.pk)
        else:
            with worker(moment, held) as first:
                # A helper is held while the other one, who claimed the job, goes on.
                helped = worker(moment, held) if moment == HELPER else contextlib.nullcontext()
                with helped as second:
                    wait_for(lambda: held.exists() and held.read_text(), SECONDS_TO_END)
                    told["state"] = self.state()
                    told["files"] = self.files()
                    killed = int(held.read_text())
                    for process in (first, second):
                        if process is not None and process.pid == killed:
                            kill(process)
                    begun = time.monotonic()
                    if moment == HELPER:
                        self.wait_for_end()
        begun = time.monotonic() if moment in (BROKER_LOSES, DELIVERED_TWICE) else begun
        with worker(), worker() if moment == DELIVERED_TWICE else contextlib.nullcontext():
            self.wait_for_end()
        return told | self.ended() | {"seconds": round(time.monotonic() - begun, 1)}

    def wait_for_end(self) -> None:
        """As beat does every minute, look for jobs that have lost their worker."""

        def has_ended() -> bool:
            self.services.rescue_stalled_jobs()
            return self.state() in ("done", "failed", "cancelled")

        wait_for(has_ended, SECONDS_TO_END)

    def state(self) -> str:
        self.job.refresh_from_db()
        return self.job.state

    def ended(self) -> dict[str, Any]:
        time.sleep(0.3)  # a message that came twice would be at work now
        return {
            "end": self.state(),
            "error": self.job.error,
            "attempts": self.job.attempts,
            "parts": self.job.parts.count(),
            "file": Path(self.job.file.name).name,
            "files": self.files(),
            "sha256": self.job.sha256,
        }

    def files(self) -> list[str]:
        folder = self.services.folder_of(self.job)
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def main(moments: list[str]) -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.cast import make_cast
    from tests.dxportal.held_worker import MOMENTS

    call_command("migrate", verbosity=0)
    cast = make_cast()
    for moment in moments or [*MOMENTS, BROKER_LOSES, DELIVERED_TWICE]:
        told = Trial(cast, settings.DATA_DIR).run(moment)
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
