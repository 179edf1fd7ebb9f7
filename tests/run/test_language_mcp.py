"""Our own MCP server in front of the mock keeps every contract of its tools, for each row of
tests/language.yaml and each catalogue.

`make test` runs every eighteenth row and those that were broken once, `make matrix` all. A new row or
catalogue is taken in by itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from inprocess import tool_contracts, verify_mcp
from language_table import model_of, rows
from lengths import rarely, share
from pgagents.base.reading import read
from pgagents.report.contract import Verdict
from verifying import ids, list_writes, model, whole_run

ONCE_BROKEN = {
    "answer-binary", "answer-csv", "both-schemes", "etag", "event-stream", "job", "scheme-per-action",
    "webhook-signatures",
}  # fmt: skip
ENOUGH = 4_000
ROWS = sorted(rows())
OF_OTHER_SERVERS = {
    f"mcp_transport/{detail}@mcp" for detail in ("no_session", "other_session", "sign_in", "stdout")
}
"""Contracts of older versions, of servers that ask for a sign-in, and of processes."""
NOT_THROUGH_TOOLS = {"law/that-text/list_notes@mcp"}
"""Laws about an optional argument of a list: REST has calls with it, and no check sends it to a tool."""
LEAST = 90
"""The least number of tools' contracts that any row has."""
CATALOGUES = [
    path
    for path in sorted((Path(__file__).parents[1] / "catalogues").glob("*.yaml"))
    if "mcp" in read(path).data["surfaces"]
]


@pytest.mark.parametrize("id", rarely(ROWS, *sorted(ONCE_BROKEN)[::2]))
def test_our_mcp_server_keeps_every_contract_of_a_row(id: str) -> None:
    of = model_of(id)
    report = verify_mcp(of, allow_writes=True, allow=list_writes(of), max_requests=ENOUGH)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    wanted = set(tool_contracts(of))
    wanted -= NOT_THROUGH_TOOLS
    assert [id for id in ids(report, Verdict.UNTESTED) if id in wanted] == []
    others = wanted - set(ids(report, Verdict.KEPT))
    assert others == OF_OTHER_SERVERS
    assert len(wanted) > LEAST
    assert report.footer.left_behind == ()


def test_note_without_an_optional_member_is_no_difference_from_one_that_has_it() -> None:
    """A change is called once on each surface, each time of another note; one was made with stars."""
    of = model_of("form-body")
    report = verify_mcp(of, allow_writes=True, allow=list_writes(of), max_requests=ENOUGH)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert "surface_equivalence/ordinary/change_note@mcp" in ids(report, Verdict.KEPT)


@pytest.mark.parametrize("path", share(CATALOGUES, 3), ids=lambda path: path.stem)
def test_mock_and_tools_of_a_catalogue_keep_every_contract(path: Path) -> None:
    of, report = model(path), whole_run(path)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    wanted = set(tool_contracts(of))
    assert wanted - set(ids(report, Verdict.KEPT)) == OF_OTHER_SERVERS
    assert report.footer.left_behind == ()


def test_rows_that_were_broken_once_are_rows() -> None:
    assert set(ROWS) >= ONCE_BROKEN
