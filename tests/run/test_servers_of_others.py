"""verify finds nothing on right servers that were written from prose, without a look at its checks.

A check that takes its own catalogues for the world alarms here. The server is right, so mend the check. The
sandbox then gets a variation with what misled it. Three servers are verified at each push: two by a catalogue
and one by its document alone. The largest one waits for the matrix.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from evaluation.foreign.here import verify_here
from evaluation.foreign.serving import APIS, why_missing
from evaluation.right.measure import SERVERS, verify

from verifying import TOO_SMALL

LARGEST = "payments"
OF_A_DOCUMENT = SERVERS["notes"]


@pytest.mark.parametrize(
    "api",
    [pytest.param(api, marks=pytest.mark.matrix if api == LARGEST else pytest.mark.always) for api in APIS],
)
def test_verify_finds_nothing_on_a_right_server(api: str, tmp_path: Path) -> None:
    if why := why_missing(api):
        pytest.skip(why)
    measured = verify_here(api, "", tmp_path)
    assert measured.said == ()
    assert [id for id in measured.untested if not id.startswith(TOO_SMALL)] == []
    assert measured.kept > 500


@pytest.mark.always
def test_verify_finds_nothing_on_a_right_server_by_its_document(tmp_path: Path) -> None:
    run = verify(OF_A_DOCUMENT, 0, tmp_path)
    assert (run.broken, run.odd) == ((), ())
    assert run.verdicts["kept"] >= OF_A_DOCUMENT.least_kept
