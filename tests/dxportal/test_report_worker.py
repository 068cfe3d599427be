"""A real worker is killed in the middle of a report."""

import json
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def test_a_killed_worker_leaves_one_finished_job_with_one_file(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DJANGO_SETTINGS_MODULE": "dxportal.settings",
        "SECRET_KEY": "only-for-the-killed-worker" * 3,
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'killed.sqlite3'}",
        "CELERY_BROKER_URL": "filesystem://",
        "JOB_LEASE_SECONDS": "2",
        "LOG_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.dxportal.kill_a_worker"],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=150,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    # It was killed at work, and its message is gone with it.
    assert told["killed"]["state"] == "running"
    # Nobody had to ask: the lease ran out and the job was queued again, with a new message.
    assert told["rescued"] == {"state": "queued", "attempts": 1}
    assert told["ended"]["state"] == "done", told
    assert told["ended"]["attempts"] == 2
    assert told["ended"]["files"] == [told["ended"]["file"]]
