"""Sets how often Python's collector comes, that compiled files are kept, where Hypothesis keeps its tables,
where programs find the faults, and where journals have their key, for all tests.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from gate import pytest_addoption, pytest_configure

__all__ = ["pytest_addoption", "pytest_configure"]  # hooks; pytest finds them by their names

SELDOM = 500_000
"""After so many new objects the collector looks for those that only hold each other.

Nearly all that tests make lasts, or is let go without it, as a whole run is. Python's 700 cost tests that
read many catalogues up to a sixth more time, and 20,000 still a twentieth.
"""

gc.set_threshold(SELDOM, *gc.get_threshold()[1:])


def pytest_collection_finish() -> None:
    """Keep the collector from what lasts anyway: as pytest ends, it has all objects looked through twice."""
    gc.freeze()


os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
"""Hundreds of tests start Python anew, and each process of xdist collects all: more than half of that time
is compiling, where nothing keeps what was compiled.
"""

os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(__file__).parents[1] / ".hypothesis"))
"""Many tests start `pgagents` with an empty cache folder. Hypothesis would make its tables of Unicode anew in
each, which costs such a process more than its whole run. Tests of the cache folder take this variable away.
"""


os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])
)
"""A sandbox that a test starts finds the faults of `tests/faults`, as one in this process does."""


@pytest.fixture(autouse=True)
def _own_state(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the key that seals journals out of the home of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp() / "state"))
