"""Two calls at once: a race is found, what may be done twice is none, and nothing is believed of which was
last.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.report.contract import Verdict
from pgagents.verify.run.run import contracts
from verifying import PARK_GRAPH, ROOT, SHOP, model, run

CATALOGUES = ROOT / "tests" / "catalogues"
ONCE = "concurrent_calls/once/"


@pytest.mark.parametrize(
    ("path", "actions"),
    [
        (PARK_GRAPH, {"end_session", "refund_session"}),  # extend_session leads from active to active
        (SHOP, {"cancel_order"}),
        (CATALOGUES / "library.yaml", {"place_hold", "cancel_hold"}),
    ],
    ids=["park_graph", "shop", "library"],
)
def test_only_what_may_not_be_done_twice_is_called_twice(path: Path, actions: set[str]) -> None:
    assert {c.action for c in contracts(model(path)) if c.id.startswith(ONCE)} == actions


@pytest.mark.parametrize("faults", [(), ("repeats-both-done",)])
def test_a_race_is_found_by_two_requests_and_two_in_a_row(faults: tuple[str, ...]) -> None:
    report = run(model(SHOP), only=("concurrent_calls/once",), faults=faults, allow_writes=True)
    verdicts = {r.contract.id: r.verdict for r in report.results if r.contract.id.startswith(ONCE)}
    assert set(verdicts.values()) == {Verdict.BROKEN if faults else Verdict.KEPT}


@pytest.mark.matrix
@pytest.mark.parametrize("seed", [0, 2])
def test_of_two_changes_at_once_none_is_taken_for_the_last(seed: int) -> None:
    """Two new contents at once give two versions; a later change is compared with neither."""
    report = run(model(CATALOGUES / "documents.yaml"), seed=seed, only=("law", "concurrent_calls"))
    verdicts = {r.contract.id: r.verdict for r in report.results}
    assert verdicts[f"{ONCE}document/put_content@rest"] is Verdict.NOT_APPLICABLE, "both were done"
    assert report.findings == ()
