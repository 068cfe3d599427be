"""Real workers are killed in the middle of a report; all moments: see kill_a_worker.py."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

# One whose death another worker must notice, and one at the very end.
MOMENTS = ["helper laying out", "file named, not committed"]


# The workers are started once, by one process of the tests.
pytestmark = pytest.mark.xdist_group("killed-workers")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What became of the report of each moment, in a database and on a broker of their own."""
    folder = tmp_path_factory.mktemp("killed")
    environment = {
        **os.environ,
        "SECRET_KEY": "only-for-the-killed-worker" * 3,
        "DATA_DIR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder / 'killed.sqlite3'}",
        "CELERY_BROKER_URL": "filesystem://",
        "JOB_LEASE_SECONDS": "5",
        "LOG_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.dxportal.kill_a_worker", *MOMENTS],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return {row["moment"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_worker_leaves_one_finished_job_with_one_file(
    told: dict[str, dict[str, Any]], moment: str
) -> None:
    became = told[moment]
    # It was killed at work, and its message is gone with it.
    assert became["state"] == "running"
    # Nobody had to ask: the lease ran out, and another worker took up what was left.
    assert became["end"] == "done", became
    assert became["files"] == [became["file"]] and became["parts"] == 0
    # A helper's death costs its part, not the job.
    assert became["attempts"] == (1 if moment == "helper laying out" else 2)
