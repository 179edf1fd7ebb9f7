"""A client of the MCP server over HTTP has bounds: time for a request, sessions, a body. The server ends all
the same.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx
import pytest
import uvicorn

from calling import sandboxed
from pgagents.client.send import sending
from pgagents.mcp import http as served
from pgagents.mcp.request_timeouts import HttpWithTimeouts
from pgagents.mcp.server import USUAL
from sandboxes import ROOT
from test_mcp_http import BOTH, HELLO, listening

HEAD = (
    b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
)


class Quick(HttpWithTimeouts):
    """With short timeouts, so that a test need not wait."""

    head_s = body_s = 0.3


@contextmanager
def small(http: type[HttpWithTimeouts] = Quick) -> Iterator[int]:
    """A server of nothing but timeouts; its port."""

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    bound = served.bind(0, "127.0.0.1")
    running = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", lifespan="off", http=http))
    thread = threading.Thread(target=running.run, args=([bound],), daemon=True)
    thread.start()
    try:
        yield bound.getsockname()[1]
    finally:
        running.should_exit = running.force_exit = True
        thread.join(600)


@pytest.mark.parametrize("said", [b"", b"POST /mcp HT", HEAD, HEAD + b"{"])
def test_request_that_is_late_is_cut(said: bytes) -> None:
    with small() as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(600)
        client.sendall(said)
        with suppress(ConnectionResetError):
            assert client.recv(100) == b""


def test_request_that_comes_in_time_is_answered_and_so_is_the_next() -> None:
    with small(HttpWithTimeouts) as port, httpx.Client() as client:
        for _ in range(2):
            assert client.post(f"http://127.0.0.1:{port}/mcp", content=b"{}").status_code == 204


def test_sessions_of_older_clients_are_bounded_and_newer_ones_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "MOST_SESSIONS", 2)
    newer = {**BOTH, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
    own = "io.modelcontextprotocol/"
    meta = {
        f"{own}protocolVersion": "2026-07-28",
        f"{own}clientCapabilities": {},
        f"{own}clientInfo": {"name": "t", "version": "1"},
    }
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    caller, _ = sandboxed()
    with listening(sending(caller.sandbox.handler)) as url:
        opened = [httpx.post(url, json=HELLO, headers=BOTH).headers["Mcp-Session-Id"] for _ in range(3)]
        assert httpx.post(url, json=asked, headers=newer).status_code == 200
        ping = {"jsonrpc": "2.0", "id": 2, "method": "ping"}
        used = [
            httpx.post(url, json=ping, headers={**BOTH, "Mcp-Session-Id": session}).status_code
            for session in opened
        ]
        assert used == [404, 200, 200], "the one that was idle longest made room"


def test_body_is_bounded() -> None:
    caller, _ = sandboxed()
    with listening(sending(caller.sandbox.handler)) as url:
        for size, status in ((USUAL - 10_000, 400), (USUAL + 10_000, 413)):
            answer = httpx.post(
                url, content=b" " * size, headers={**BOTH, "Content-Type": "application/json"}
            )
            assert answer.status_code == status


@pytest.mark.matrix
def test_stop_while_uploads_are_half_done_is_told_in_a_line() -> None:
    words = [
        sys.executable,
        "-m",
        "pgagents",
        "mcp",
        str(ROOT / "catalogue/park_graph.yaml"),
        "--http",
        "--port",
        "0",
    ]
    env = {**os.environ, "PGAGENTS_MCP_TOKEN": "tok_12345678"}
    child = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert child.stdout
        port = int(child.stdout.readline().partition("127.0.0.1:")[2].partition("/")[0])
        accept = b"Accept: application/json, text/event-stream\r\nAuthorization: Bearer tok_12345678\r\n"
        head = HEAD.replace(b"Host: 127.0.0.1", f"Host: 127.0.0.1:{port}".encode()).replace(
            b"Content-Type", accept + b"Content-Type"
        )
        halves = [socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
        for half in halves:
            half.sendall(head.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            assert b"100 Continue" in half.recv(1000), "it is being served"
            half.sendall(b"{")
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=600)
        for half in halves:
            half.close()
    finally:
        child.kill()
        child.wait(600)
    assert child.returncode == 0
    assert "Traceback" not in errors
    assert "Cancel 3 running task(s)" in errors
