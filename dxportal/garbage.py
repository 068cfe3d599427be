"""Python's cyclic garbage is collected between requests, not in the middle of a page.

Pages leave cycles behind (a row and the prefetched rows that point back to it). Left alone, Python
looks for them every 700 objects, and now and then through all of the portal's own code: 50 to 100
milliseconds that one page in ten waits for.
"""

import gc
from typing import Any

# Far more than a page makes; what makes more (a report, an import) is collected as it goes.
OBJECTS_BETWEEN = 250_000
TIMES_BETWEEN = 100


def settle() -> None:
    """When all code is loaded: never look through it again, and collect seldom by itself."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN, 10, 10)


def collect(**signal: Any) -> None:
    """Collect what was made since the last time; a receiver of `request_finished`.

    What still lived then and died since is looked for once in so many times.
    """
    gc.collect(2 if gc.get_count()[2] >= TIMES_BETWEEN else 1)
