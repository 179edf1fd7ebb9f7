"""Our own MCP server in front of the mock keeps every contract of its tools, for each row of
tests/language.yaml.

`make test` runs every sixth row and those that were broken once, `make matrix` all. A new row is taken in by
itself.
"""

from __future__ import annotations

import pytest

from language_table import model_of, rows
from lengths import rarely
from pgagents.inprocess_mcp import tool_contracts, verify_mcp
from pgagents.model.contract import Verdict
from verifying import ids

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
LEAST = 90
"""The least number of tools' contracts that any row has."""


@pytest.mark.parametrize("id", rarely(ROWS, *ONCE_BROKEN, *ROWS[::6]))
def test_our_mcp_server_keeps_every_contract_of_a_row(id: str) -> None:
    """The writes may be called without an id too, because the mock has nothing of anybody else."""
    model = model_of(id)
    writes = tuple(str(a.name) for a in model.actions if a.effect == "write")
    report = verify_mcp(model, allow_writes=True, allow=writes, max_requests=ENOUGH)
    assert {f.contract.id: f.actual for f in report.findings} == {}
    wanted = set(tool_contracts(model))
    assert [id for id in ids(report, Verdict.UNTESTED) if id in wanted] == []
    others = wanted - set(ids(report, Verdict.KEPT))
    assert others == OF_OTHER_SERVERS
    assert len(wanted) > LEAST
    assert report.footer.left_behind == ()


def test_rows_that_were_broken_once_are_rows() -> None:
    assert set(ROWS) >= ONCE_BROKEN
