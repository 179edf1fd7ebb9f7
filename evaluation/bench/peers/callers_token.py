"""Over Streamable HTTP: whether the token that an MCP client sends to the server goes on to the API, which it
was not issued for.

The specification forbids it: a server must not pass on the token it got from its client. Source:
Authorization, "Access Token Privilege Restriction", MCP 2025-06-18 and later; read 2026-11-20. The client is
the official one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

from evaluation.bench.peers.calling import HERE, place_arguments
from evaluation.bench.peers.front import Front
from evaluation.bench.peers.subjects import Subject
from evaluation.bench.stdio import start, stop

TOKEN = "token-of-the-mcp-client"
START_S = 30.0
CALL_S = 20.0
LATE_S = 3.0
ROWS = {
    "passed": (
        "MCP client's token passed on to the API",
        "over Streamable HTTP, by the official client, on a search",
    )
}


def measure_token_passthrough(
    subject: Subject, front: Front, key: str, tool: dict[str, Any], stderr: Any
) -> dict[str, str]:
    """Return a cell for each of ROWS: whether the server passes the MCP client's token on to the API."""
    if subject.http is None:
        return {"passed": "serves no HTTP"}
    port = _free()
    before = len(front.seen)
    child = start(subject.http(front.url, key, port), stderr).child
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    try:
        _listens(port, child)
        with contextlib.suppress(
            Exception
        ):  # whatever the client makes of the answer: what arrives at the API decides
            asyncio.run(asyncio.wait_for(_call(f"http://127.0.0.1:{port}/mcp", tool), CALL_S))
        _wait(lambda: bool(front.since(before)) or child.poll() is not None, LATE_S)
        ended = child.poll() is not None
    finally:
        stop(child)
    seen = front.since(before)
    if not seen:
        return {
            "passed": "no call: the server ended at the first request" if ended else "no call got through"
        }
    return {
        "passed": "yes" if any(TOKEN in value for one in seen for value in one.headers.values()) else "no"
    }


async def _call(url: str, tool: dict[str, Any]) -> None:
    import httpx2
    import mcp
    from mcp.client.streamable_http import streamable_http_client

    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=CALL_S) as http,
        mcp.Client(streamable_http_client(url, http_client=http), mode="legacy") as client,
    ):
        await client.call_tool(tool["name"], place_arguments(tool["inputSchema"], HERE))


def _listens(port: int, child: subprocess.Popen[bytes]) -> None:
    def there() -> bool:
        with socket.socket() as one:
            return child.poll() is not None or one.connect_ex(("127.0.0.1", port)) == 0

    _wait(there, START_S)


def _wait(true: Callable[[], bool], patience_s: float) -> None:
    until = time.monotonic() + patience_s
    while not true() and time.monotonic() < until:
        time.sleep(0.1)


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
