"""A real Celery worker in a process of its own, on the database and broker of the tests."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection


def database_url() -> str:
    """The address of the database that this test uses, for another process."""
    used = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{used['NAME']}"
    person = f"{used['USER']}:{used['PASSWORD']}@" if used["USER"] else ""
    return f"postgres://{person}{used['HOST']}:{used['PORT'] or 5432}/{used['NAME']}"


@contextlib.contextmanager
def running_worker(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that takes jobs until the block ends; it and its children are then gone.

    Tests that use one belong into `xdist_group("worker")`: the broker is shared.
    """
    command = [sys.executable, "-m", "celery", "--app", "dxportal", "worker", "--beat"]
    command += ["--concurrency", "1", "--loglevel", "WARNING"]
    command += ["--without-gossip", "--without-mingle"]
    worker = subprocess.Popen(  # our own command, no input from outside
        command,
        cwd=settings.BASE_DIR,
        env=os.environ
        | {"DATABASE_URL": database_url(), "DATA_DIR": str(Path(settings.DATA_DIR))}
        | {"C_FORCE_ROOT": "1"}
        | environment,
        start_new_session=True,
    )
    try:
        yield worker
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
