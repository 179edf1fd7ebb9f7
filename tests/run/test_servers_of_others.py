"""verify finds nothing on three right servers that were written from prose, without a look at its checks.

A check that takes its own catalogues for the world alarms here. The server is right, so mend the check. The
sandbox then gets a variation with what misled it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation.foreign.here import verify_here
from evaluation.foreign.serving import APIS, why_missing

from verifying import TOO_SMALL

pytestmark = pytest.mark.always


@pytest.mark.parametrize("api", APIS)
def test_verify_finds_nothing_on_a_right_server(api: str, tmp_path: Path) -> None:
    if why := why_missing(api):
        pytest.skip(why)
    measured = verify_here(api, "", tmp_path)
    assert measured.said == ()
    assert [id for id in measured.untested if not id.startswith(TOO_SMALL)] == []
    assert measured.kept > 500
