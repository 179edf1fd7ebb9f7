"""An MCP server that is too busy to answer a call is not judged by that call."""

from __future__ import annotations

import json

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from test_verify_tools import FORECAST, verify
from tool_server import ToolServer
from verifying import ids

ANSWERED, WRONG, UNKNOWN = (
    f"tool_results/answered/{FORECAST}@mcp",
    f"tool_refusals/wrong/{FORECAST}@mcp",
    "tool_refusals/unknown_tool@mcp",
)


def transport(status: int) -> ToolServer:
    """Return a server that answers every call of a tool with this status."""

    def busy(request: Request) -> Response | None:
        called = b'"tools/call"' in request.body and json.loads(request.body)["method"] == "tools/call"
        return Response(status, (("Retry-After", "1"),)) if called else None

    return ToolServer(transport=busy)


@pytest.mark.parametrize(
    ("status", "verdict"), [(429, Verdict.UNTESTED), (503, Verdict.UNTESTED), (404, Verdict.BROKEN)]
)
def test_call_that_is_answered_busy_is_untested(
    status: int, verdict: Verdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    judged = ids(verify(transport(status)), verdict)
    assert {ANSWERED, WRONG, UNKNOWN} <= set(judged)
