"""Over Streamable HTTP: whether the token that an MCP client sends to the server goes on to the API, which it was not issued for.

The specification forbids it (Authorization, "Token Passthrough", MCP 2025-06-18 and later; read 2026-11-20).
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from typing import Any

import httpx

from bench.peers.calling import HERE, placed
from bench.peers.front import Front
from bench.peers.subjects import Subject
from bench.stdio import HELLO, Talk, start, stop

TOKEN = "token-of-the-mcp-client"
START_S = 30.0
ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
ROWS = {"passed": ("MCP client's token passed to the API", "over Streamable HTTP, on a search; the specification forbids it")}


def passed(subject: Subject, front: Front, key: str, tool: dict[str, Any], stderr: Any) -> dict[str, str]:
    """A cell for each of ROWS."""
    if subject.http is None:
        return {"passed": "serves no HTTP"}
    port = _free()
    before = len(front.seen)
    talk = start(subject.http(front.url, key, port), stderr)
    try:
        _call(talk, f"http://127.0.0.1:{port}/mcp", tool)
    except (httpx.HTTPError, TimeoutError, ValueError) as error:
        return {"passed": f"no call possible: {type(error).__name__}"}
    finally:
        stop(talk.child)
    seen = front.since(before)
    if not seen:
        return {"passed": "no call made"}
    return {"passed": "passed on" if any(TOKEN in value for one in seen for value in one.headers.values()) else "not passed on"}


def _call(talk: Talk, url: str, tool: dict[str, Any]) -> None:
    with httpx.Client(headers=ACCEPT, timeout=20) as client:
        hello = _post(client, url, {"id": 1, "method": "initialize", "params": HELLO}, _patiently(talk.child))
        session = {"Mcp-Session-Id": hello.headers["mcp-session-id"]} if "mcp-session-id" in hello.headers else {}
        client.headers.update({**session, "MCP-Protocol-Version": HELLO["protocolVersion"]})
        _post(client, url, {"method": "notifications/initialized"})
        params = {"name": tool["name"], "arguments": placed(tool["inputSchema"], HERE)}
        _post(client, url, {"id": 2, "method": "tools/call", "params": params})


def _post(client: httpx.Client, url: str, message: dict[str, Any], until: float = 0.0) -> httpx.Response:
    """Post a message and read the answer to its end; `until` some moment a refused connection is tried again."""
    while True:
        try:
            found = client.post(url, content=json.dumps({"jsonrpc": "2.0", **message}))
            found.raise_for_status()
        except httpx.ConnectError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return found


def _patiently(child: subprocess.Popen[bytes]) -> float:
    return 0.0 if child.poll() is not None else time.monotonic() + START_S


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
