"""Signs of life of a worker that is busy for long."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import DatabaseError, connection

logger = logging.getLogger(__name__)

# A job that takes longer than this hangs: its signs of life end, and it counts as lost.
LONGEST = 60 * 60


class Heartbeat:
    """Calls `beat` several times within a lease, from a thread of its own.

    The thread has its own database connection and closes it. It ends with the block, when `beat`
    raises `lost`, or after an hour: work that hangs loses its lease like that of a dead worker.
    """

    def __init__(self, beat: Callable[[], None], lease: float, lost: type[Exception]) -> None:
        self.beat, self.lost = beat, lost
        self.stopped = threading.Event()
        self.interval = max(0.2, lease / 3)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Heartbeat":
        self.thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.stopped.set()
        self.thread.join()

    def _run(self) -> None:
        ends = time.monotonic() + LONGEST
        try:
            while not self.stopped.wait(self.interval) and time.monotonic() < ends:
                self._beat()
        except self.lost:
            pass  # the worker hears of it when it reports its next step
        finally:
            connection.close()

    def _beat(self) -> None:
        """A database that is busy or away for a moment doesn't end the heartbeat."""
        try:
            self.beat()
        except DatabaseError:
            logger.warning("A sign of life was missed.", exc_info=True)
            connection.close()
