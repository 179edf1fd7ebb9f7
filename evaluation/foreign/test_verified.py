"""The bugs that verify found at first sight it finds still. The right servers are verified by
tests/run/test_servers_of_others.py.

`first_sight.json` has what verify said before any check was changed for a bug (`measure.py --record`).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evaluation.foreign.here import verify_here
from evaluation.foreign.serving import why_missing

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "first_sight.json").read_text(encoding="utf-8"))
pytestmark = pytest.mark.matrix


FOUND = [(one["api"], one["bug"]) for one in RECORDED if one["bug"] and one["said"]]


@pytest.mark.parametrize(("api", "bug"), FOUND, ids=["/".join(case) for case in FOUND])
def test_bug_that_was_found_at_first_sight_is_found(api: str, bug: str, tmp_path: Path) -> None:
    """A run of everything ends at its first finding; `measure.py` runs whole, in a process of its own."""
    if why := why_missing(api):
        pytest.skip(why)
    # a busy machine may serve calls that are sent at once one after the other
    folders = [tmp_path / str(number) for number in range(4 if bug.endswith("at-once") else 1)]
    for folder in folders:
        folder.mkdir()
    assert any(verify_here(api, bug, folder, until_found=True).said for folder in folders)
