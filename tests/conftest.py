"""Sets how often Python's collector comes, and where Hypothesis keeps its tables, for all tests."""

from __future__ import annotations

import gc
import os
from pathlib import Path

from gate import pytest_addoption, pytest_configure

__all__ = ["pytest_addoption", "pytest_configure"]  # hooks; pytest finds them by their names

SELDOM = 20_000
"""After so many new objects the collector looks for those that only hold each other.

Nearly all that tests make lasts. Python's 700 cost tests that read many catalogues up to a sixth more time.
"""

gc.set_threshold(SELDOM, *gc.get_threshold()[1:])

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).parents[1] / ".hypothesis"))
"""Many tests start `pgagents` with an empty cache folder. Hypothesis would make its tables of Unicode anew in
each, which costs such a process more than its whole run. Tests of the cache folder take this variable away.
"""
