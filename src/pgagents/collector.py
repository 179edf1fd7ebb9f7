"""Switch Python's garbage collector off around work that produces no garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Disable Python's garbage collector inside the block, and restore its state afterwards.

    Scanning data that all stays alive takes a fifth to a third of the time of a build, a lint or an import.
    """
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
