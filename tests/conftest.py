"""What holds for every test."""

from __future__ import annotations

import gc
from itertools import count

OFTEN = 150
"""After so many tests what only holds itself is let go: runs of verify put the collector off, and thousands would need gigabytes."""
_TESTS = count(1)


def pytest_runtest_teardown() -> None:
    """Let go of what earlier tests left."""
    if next(_TESTS) % OFTEN == 0:
        gc.collect()
