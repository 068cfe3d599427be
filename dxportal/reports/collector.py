"""Python's garbage collector, off while a report is made."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Making a report makes millions of objects that live to its end: collecting finds nothing.

    What is garbage goes at the end of the block, also of one within another. What was there before
    is not looked at again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
        gc.collect(1)
