"""Kills a real Celery worker in the middle of a report and prints what becomes of the job.

Run by test_report_worker.py in a process of its own, because it needs a database file and a broker
that two workers share, and not the test database.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

WORKER = [
    sys.executable, "-m", "celery", "--quiet", "--app", "dxportal", "worker", "--concurrency", "1",
    "--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat",
]  # fmt: skip


def start_worker() -> subprocess.Popen:
    return subprocess.Popen(WORKER, start_new_session=True, stdin=subprocess.DEVNULL)


def kill(worker: subprocess.Popen) -> None:
    """The worker and the process that builds, at once and without a word."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def wait_for(condition: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise TimeoutError
        time.sleep(0.02)


def main() -> None:
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from accounts.audit import Actor
    from accounts.models import Channel
    from dxportal import services
    from dxportal.models import ReportJob
    from tests.cast import make_cast

    call_command("migrate", verbosity=0)
    cast = make_cast()
    job = services.request_report(Actor(cast.coordinator, Channel.PAGE), cast.plan, 2024, "pdf")

    def state() -> str:
        job.refresh_from_db()
        return job.state

    worker = start_worker()
    try:
        wait_for(lambda: state() == ReportJob.State.RUNNING and job.steps_done >= 10, 30)
    finally:
        kill(worker)
    killed_at = {"state": state(), "step": job.step, "files": files(settings.DATA_DIR)}

    wait_for(lambda: bool(services.rescue_stalled_jobs()), settings.JOB_LEASE_SECONDS + 10)
    rescued = {"state": state(), "attempts": job.attempts}

    worker = start_worker()
    try:
        wait_for(lambda: state() not in ReportJob.ACTIVE_STATES, 60)
    finally:
        kill(worker)
    ended = {
        "state": job.state,
        "attempts": job.attempts,
        "error": job.error,
        "file": Path(job.file.name).name,
        "files": files(settings.DATA_DIR),
    }
    json.dump({"killed": killed_at, "rescued": rescued, "ended": ended}, sys.stdout)


def files(data_dir: Path) -> list[str]:
    return sorted(
        path.name for path in (data_dir / "files" / "reports").rglob("*") if path.is_file()
    )


if __name__ == "__main__":
    main()
