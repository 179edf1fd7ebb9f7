"""The MCP server over stdio bounds what it reads, and answers what it was asked before its input ended."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest

from calling import sandboxed, served
from pgagents.base.http import Request, Response, Silence
from pgagents.mcp.server import USUAL
from test_mcp_stdio import SEARCH, process

CALL = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "search_parking", "arguments": SEARCH},
}


@pytest.mark.matrix
def test_call_under_way_at_the_end_of_input_is_answered() -> None:
    caller, _ = sandboxed()
    asked, ended = threading.Event(), threading.Event()

    def slow(request: Request) -> Response | Silence:
        asked.set()
        assert ended.wait(600)
        return caller.sandbox.handler(request)

    with (
        served(slow) as url,
        process(PARKGRAPH_API_KEY=caller.tokens["unlimited"], PARKGRAPH_API_URL=url) as server,
    ):
        server.hello()
        server.send(CALL)
        assert asked.wait(600)
        assert server.child.stdin
        server.child.stdin.close()
        threading.Timer(0.3, ended.set).start()
        assert server.child.stdout
        assert server.child.stderr
        lines, errors = server.child.stdout.read().splitlines(), server.child.stderr.read()
        assert server.child.wait(600) == 0
    assert errors == b""
    answers = [json.loads(line) for line in lines]
    assert [one["id"] for one in answers if "id" in one] == [2]
    assert answers[-1]["result"]["structuredContent"]["lots"]


@pytest.mark.matrix
def test_call_that_its_client_gave_up_holds_nothing_up() -> None:
    asked = threading.Event()

    def endless(_: Request) -> Response | Silence:
        asked.set()
        threading.Event().wait(20)
        return Silence("timeout", "")

    with served(endless) as url, process(PARKGRAPH_API_KEY="k", PARKGRAPH_API_URL=url) as server:
        server.hello()
        server.send(CALL)
        assert asked.wait(600)
        server.send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}})
        code, _, errors = server.end()
    assert (code, errors) == (0, b"")


@pytest.mark.matrix
def test_line_of_any_length_is_refused_and_not_held() -> None:
    with process(PARKGRAPH_API_KEY="pk_test_k") as server:
        padding: dict[str, Any] = {
            "jsonrpc": "2.0",
            "id": 7,
            "method": "ping",
            "params": {"_meta": {"x": ""}},
        }
        room = USUAL - len(json.dumps(padding)) - 1
        padding["params"]["_meta"]["x"] = "a" * (200 * USUAL)
        server.send(padding)
        found = server.line()
        assert (found["id"], found["error"]["code"]) == (7, -32600)
        assert f"{USUAL:,}" in found["error"]["message"]
        padding["params"]["_meta"]["x"] = "a" * (room + 1)
        server.send(padding)
        assert server.line()["error"]["code"] == -32600
        assert server.hello()["serverInfo"]["name"] == "parkgraph-mcp"
        padding["params"]["_meta"]["x"] = "a" * room
        server.send(padding)
        assert server.line() == {"jsonrpc": "2.0", "id": 7, "result": {}}
        status = Path(f"/proc/{server.child.pid}/status")
        if status.exists():
            peak = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="utf-8"))
            assert peak
            assert int(peak[1]) < 300_000, "a line of 200 MB was not held"
        assert server.end() == (0, b"", b"")
