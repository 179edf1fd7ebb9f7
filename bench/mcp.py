"""What the MCP server costs: time to the first tool list from a cold start, and what it adds to a call.

The API behind it is the sandbox, in a process of its own; calls over MCP and straight over HTTP take turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

RUN = "from pgagents.cli.main import run; run()"
CATALOGUE = "catalogue/park_graph.yaml"
STARTS = 9
CALLS = 200
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1"}}
SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}
PATH = "/api/v1/lots/search?lat=39.6403&lng=-106.3742&radius_km=1.5&limit=5"


class First(NamedTuple):
    """A cold start: seconds by the clock until the tools were listed, and seconds of the processor in all."""

    wall_s: float
    cpu_s: float


class Overhead(NamedTuple):
    """Middle times of one call in milliseconds: through the server, and straight to the API."""

    mcp_ms: float
    direct_ms: float

    @property
    def added_ms(self) -> float:
        """What the server adds."""
        return self.mcp_ms - self.direct_ms


def first_list() -> First:
    """The middle of several cold starts over stdio, by their time."""
    return sorted(_start() for _ in range(STARTS))[STARTS // 2]


def overhead() -> Overhead:
    """The same search through the server over stdio and straight over HTTP, turn about."""
    with _sandbox() as ready, _server(ready["url"], ready["keys"]["lifted"]) as child:
        headers = {"Authorization": f"Bearer {ready['keys']['lifted']}"}
        with httpx.Client(base_url=ready["url"], headers=headers) as client:
            through, direct = [], []
            for number in range(-20, CALLS):
                began = time.perf_counter()
                found = _ask(child, number + 100, "tools/call", {"name": "search_parking", "arguments": SEARCH})
                between = time.perf_counter()
                straight = client.get(PATH).json()
                ended = time.perf_counter()
                assert found["result"]["structuredContent"] == straight
                if number >= 0:
                    through.append(between - began)
                    direct.append(ended - between)
    return Overhead(statistics.median(through) * 1000, statistics.median(direct) * 1000)


def _start() -> First:
    began = time.perf_counter()
    child = _spawn("http://127.0.0.1:9", "none")
    _hello(child)
    assert _ask(child, 2, "tools/list", None)["result"]["tools"]
    wall = time.perf_counter() - began
    assert child.stdin
    child.stdin.close()
    _, _, usage = os.wait4(child.pid, 0)
    return First(wall, usage.ru_utime + usage.ru_stime)


def _spawn(url: str, key: str) -> subprocess.Popen[bytes]:
    env = {**os.environ, "PARKGRAPH_API_URL": url, "PARKGRAPH_API_KEY": key}
    return subprocess.Popen([sys.executable, "-c", RUN, "mcp", CATALOGUE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)


def _send(child: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    assert child.stdin
    child.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
    child.stdin.flush()


def _ask(child: subprocess.Popen[bytes], id: int, method: str, params: Any) -> Any:
    _send(child, {"id": id, "method": method, **({"params": params} if params is not None else {})})
    assert child.stdout
    return json.loads(child.stdout.readline())


def _hello(child: subprocess.Popen[bytes]) -> None:
    _ask(child, 1, "initialize", HELLO)
    _send(child, {"method": "notifications/initialized"})


@contextmanager
def _server(url: str, key: str) -> Iterator[subprocess.Popen[bytes]]:
    child = _spawn(url, key)
    try:
        _hello(child)
        yield child
    finally:
        child.terminate()
        child.wait()


@contextmanager
def _sandbox() -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        words = [sys.executable, "-c", RUN, "sandbox", CATALOGUE, "--port", "0", "--ready", str(ready)]
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists() and child.poll() is None:
                time.sleep(0.02)
            yield json.loads(ready.read_text(encoding="utf-8"))
        finally:
            child.terminate()
            child.wait()


if __name__ == "__main__":
    start, call = first_list(), overhead()
    sys.stdout.write(f"first tools/list, cold: {start.wall_s:.2f} s (processor {start.cpu_s:.2f} s)\n")
    sys.stdout.write(f"a search: {call.mcp_ms:.2f} ms over MCP, {call.direct_ms:.2f} ms straight, {call.added_ms:+.2f} ms\n")
