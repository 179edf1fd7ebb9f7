"""verify finds nothing on the right servers, and the bugs that it found at first sight it finds still.

`first_sight.json` has what verify said before any check was changed for a bug (`measure.py --record`).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from foreign.here import verify_here
from foreign.serving import why_missing

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "first_sight.json").read_text(encoding="utf-8"))
READY = sorted({one["api"] for one in RECORDED})
"""Servers that were measured; the others wait for what their catalogues cannot say yet."""
pytestmark = pytest.mark.matrix


@pytest.mark.parametrize("api", READY)
def test_verify_finds_nothing_on_a_right_server(api: str, tmp_path: Path) -> None:
    if why := why_missing(api):
        pytest.skip(why)
    found = verify_here(api, "", tmp_path)
    assert found.said == ()
    assert found.untested == ()
    assert found.kept > 500


FOUND = [(one["api"], one["bug"]) for one in RECORDED if one["bug"] and one["said"]]


@pytest.mark.parametrize(("api", "bug"), FOUND, ids=["/".join(case) for case in FOUND])
def test_bug_that_was_found_at_first_sight_is_found(api: str, bug: str, tmp_path: Path) -> None:
    """A run of everything ends at its first finding; `measure.py` runs whole, in a process of its own."""
    if why := why_missing(api):
        pytest.skip(why)
    assert verify_here(api, bug, tmp_path, until_found=True).said
