"""Measure an MCP server: time to the first tool list from a cold start, and the time that it adds to a call.

The API behind it is the sandbox, in a process of its own; calls over MCP and straight over HTTP take turns.
`make bench` measures our server, `make peers` others beside it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from evaluation.bench.stdio import Command, start, stop, talking

RUN = "from pgagents.cli.main import run; run()"
CATALOGUE = "catalogue/park_graph.yaml"
STARTS = 9
CALLS = 200
WARM = 20
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
        """Return the milliseconds that the server adds."""
        return self.mcp_ms - self.direct_ms


class Through(NamedTuple):
    """A server, its tool for the search, and the search's arguments as the tool takes them."""

    command: Command
    tool: str
    arguments: Mapping[str, Any]


def ours(url: str, key: str, catalogue: str = CATALOGUE) -> Command:
    """The command of our server before the API at this URL."""
    return Command(
        [sys.executable, "-c", RUN, "mcp", catalogue], {"PARKGRAPH_API_URL": url, "PARKGRAPH_API_KEY": key}
    )


def first_list() -> First:
    """Our cold start over stdio, the middle of several by their time."""
    return first_lists({"ours": ours("http://127.0.0.1:9", "none")})["ours"]


def first_lists(
    commands: Mapping[str, Command], starts: int = STARTS, stderr: Any = None
) -> dict[str, First]:
    """The same of each command; they take turns, so that a busy machine slows all."""
    found: dict[str, list[First]] = {name: [] for name in commands}
    for _ in range(starts):
        for name, command in commands.items():
            found[name].append(_start(command, stderr))
    return {name: sorted(times)[starts // 2] for name, times in found.items()}


def overhead() -> Overhead:
    """The same search through our server over stdio and straight over HTTP."""
    with sandbox() as ready:
        url, key = ready["url"], ready["keys"]["unlimited"]
        return overheads(url, key, {"ours": Through(ours(url, key), "search_parking", SEARCH)})["ours"]


def overheads(
    url: str, key: str, servers: Mapping[str, Through], calls: int = CALLS, stderr: Any = None
) -> dict[str, Overhead]:
    """The same search through each server and straight to the API at this URL, turn about."""
    through: dict[str, list[float]] = {name: [] for name in servers}
    direct: list[float] = []
    with (
        ExitStack() as open,
        httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}) as client,
    ):
        talks = {
            name: open.enter_context(talking(server.command, stderr)) for name, server in servers.items()
        }
        for number in range(-WARM, calls):
            began = time.perf_counter()
            lot = client.get(PATH).json()["lots"][0]["id"]
            straight = time.perf_counter() - began
            for name, (_, tool, arguments) in servers.items():
                began = time.perf_counter()
                found = talks[name].call(tool, arguments)
                took = time.perf_counter() - began
                assert lot in json.dumps(found), f"{name} does not answer the search"
                through[name] += [took] * (number >= 0)
            direct += [straight] * (number >= 0)
    straight_ms = statistics.median(direct) * 1000
    return {name: Overhead(statistics.median(times) * 1000, straight_ms) for name, times in through.items()}


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
    usage = _wait_for_exit(talk.child)
    return First(wall, usage.ru_utime + usage.ru_stime)


def _wait_for_exit(child: subprocess.Popen[bytes]) -> Any:
    """Wait for a process and return the resources it used; kill it if it does not end without stdin."""
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
    sys.stdout.write(
        f"a search: {call.mcp_ms:.2f} ms over MCP, {call.direct_ms:.2f} ms straight, "
        f"{call.added_ms:+.2f} ms\n"
    )
