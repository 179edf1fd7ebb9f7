"""What an MCP server costs: time to the first tool list from a cold start, and what it adds to a call.

The API behind it is the sandbox, in a process of its own; calls over MCP and straight over HTTP take turns. Ours is measured where no
other server is given.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from bench.stdio import Command, start, stop, talking

RUN = "from pgagents.cli.main import run; run()"
CATALOGUE = "catalogue/park_graph.yaml"
STARTS = 9
CALLS = 200
WARM = 20
SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}
PATH = "/api/v1/lots/search?lat=39.6403&lng=-106.3742&radius_km=1.5&limit=5"
Serve = Callable[[str, str], Command]


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


def ours(url: str, key: str, catalogue: str = CATALOGUE) -> Command:
    """The command of our server before the API at this URL."""
    return Command([sys.executable, "-c", RUN, "mcp", catalogue], {"PARKGRAPH_API_URL": url, "PARKGRAPH_API_KEY": key})


def first_list(command: Command | None = None, starts: int = STARTS, stderr: Any = None) -> First:
    """The middle of several cold starts over stdio, by their time."""
    return sorted(_start(command or ours("http://127.0.0.1:9", "none"), stderr) for _ in range(starts))[starts // 2]


def overhead(
    serve: Serve = ours, tool: str = "search_parking", arguments: Any = None, calls: int = CALLS, stderr: Any = None, alike: bool = True
) -> Overhead:
    """The same search through the server over stdio and straight over HTTP, turn about; `alike`: both answers must be one."""
    with sandbox() as ready, talking(serve(ready["url"], ready["keys"]["lifted"]), stderr) as talk:
        headers = {"Authorization": f"Bearer {ready['keys']['lifted']}"}
        with httpx.Client(base_url=ready["url"], headers=headers) as client:
            through, direct = [], []
            for number in range(-WARM, calls):
                began = time.perf_counter()
                found = talk.call(tool, arguments or SEARCH)
                between = time.perf_counter()
                straight = client.get(PATH).json()
                ended = time.perf_counter()
                assert not alike or found["result"]["structuredContent"] == straight
                if number >= 0:
                    through.append(between - began)
                    direct.append(ended - between)
    return Overhead(statistics.median(through) * 1000, statistics.median(direct) * 1000)


@contextmanager
def sandbox() -> Iterator[dict[str, Any]]:
    """A sandbox in a process of its own: its URL and keys."""
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        words = [sys.executable, "-c", RUN, "sandbox", CATALOGUE, "--port", "0", "--ready", str(ready)]
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        try:
            while not ready.exists() and child.poll() is None:
                time.sleep(0.02)
            yield json.loads(ready.read_text(encoding="utf-8"))
        finally:
            stop(child)


def _start(command: Command, stderr: Any) -> First:
    began = time.perf_counter()
    talk = start(command, stderr)
    talk.hello()
    assert talk.ask("tools/list")["result"]["tools"]
    wall = time.perf_counter() - began
    assert talk.child.stdin
    talk.child.stdin.close()
    usage = _ended(talk.child)
    return First(wall, usage.ru_utime + usage.ru_stime)


def _ended(child: subprocess.Popen[bytes]) -> Any:
    """What a process took in all; one that goes on without stdin is ended."""
    until = time.monotonic() + 3
    pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    while not pid:
        if time.monotonic() > until:
            child.kill()
        time.sleep(0.005)
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
    child.returncode = os.waitstatus_to_exitcode(status)
    stop(child)
    return usage


if __name__ == "__main__":
    started, call = first_list(), overhead()
    sys.stdout.write(f"first tools/list, cold: {started.wall_s:.2f} s (processor {started.cpu_s:.2f} s)\n")
    sys.stdout.write(f"a search: {call.mcp_ms:.2f} ms over MCP, {call.direct_ms:.2f} ms straight, {call.added_ms:+.2f} ms\n")
