"""Python's garbage collector, kept out of work that leaves nothing for it to find."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the collector off inside, and turn it on again behind if it ran before.

    Data that all stays holds no garbage, and looking through it takes a fifth to a third of the time of a build, a lint or an import.
    """
    ran = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if ran:
            gc.enable()
