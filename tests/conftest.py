"""Sets how often Python's collector comes, where Hypothesis keeps its tables, and in which order rows run."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

SELDOM = 20_000
"""After so many new objects the collector looks for those that only hold each other.

Nearly all that tests make lasts. Python's 700 cost tests that read many catalogues up to a sixth more time.
"""

gc.set_threshold(SELDOM, *gc.get_threshold()[1:])

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).parents[1] / ".hypothesis"))
"""Many tests start `pgagents` with an empty cache folder. Hypothesis would make its tables of Unicode anew in
each, which costs such a process more than its whole run. Tests of the cache folder take this variable away.
"""

OF_ROWS = {"test_language_mcp.py", "test_language_runs.py"}
"""Files whose parameter `id` is a row of tests/language.yaml."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put all tests of a row after each other, because only the last four catalogues stay compiled."""
    places = [
        place for place, item in enumerate(items) if item.path.name in OF_ROWS and _find_row(item) is not None
    ]
    in_order = sorted((items[place] for place in places), key=lambda item: str(_find_row(item)))
    for place, item in zip(places, in_order, strict=True):
        items[place] = item


def _find_row(item: pytest.Item) -> str | None:
    """Return the row that a test is about; None where it is about none."""
    call = getattr(item, "callspec", None)
    return None if call is None else call.params.get("id")
