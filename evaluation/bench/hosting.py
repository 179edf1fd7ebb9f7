"""Measures the hosted MCP server beside `FastMCP.from_openapi`: `python -m evaluation.bench hosting`.

Both stand before the same API, a small server that always gives the sandbox's answer to one search. Both run
in uvicorn with the same options, without sessions, and take turns under the same load. FastMCP is installed
from PyPI into an environment of its own in `.peers`, as `make peers` does it.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from evaluation.bench.load import Load, put_under_load, resident_mb, send
from evaluation.bench.mcp import CATALOGUE, PATH, SEARCH, sandbox
from evaluation.bench.peers.document import read
from evaluation.bench.peers.subjects import PEERS

WORKERS = (1, 4)
CONNECTIONS = 16
SECONDS, TURNS = 2.0, 5
LOOKS = (5_000, 25_000, 50_000)
"""Numbers of calls after which the memory is looked at."""
READY_S = 60.0
TOKEN = "a-token-of-the-bench"
WRONG = b'"isError":true'
_API = """
import asyncio, sys
body = sys.stdin.buffer.read()
head = f"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: {len(body)}\\r\\n\\r\\n"
answer = head.encode() + body
class Api(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b""
    def data_received(self, data):
        *whole, self.rest = (self.rest + data).split(b"\\r\\n\\r\\n")
        self.transport.write(answer * len(whole))
async def main():
    server = await asyncio.get_running_loop().create_server(Api, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""
_FASTMCP = '''"""As https://gofastmcp.com/integrations/openapi and /deployment/http show it."""
import json, os
import httpx2
from fastmcp import FastMCP

client = httpx2.AsyncClient(
    base_url=os.environ["API_URL"], headers={"Authorization": "Bearer " + os.environ["API_TOKEN"]}
)
spec = json.load(open(os.environ["API_DOCUMENT"]))
mcp = FastMCP.from_openapi(openapi_spec=spec, client=client, name="Park Graph")
app = mcp.http_app(path="/mcp", stateless_http=True)
'''


@dataclass(frozen=True, slots=True)
class Host:
    """A server that an ASGI application makes: how uvicorn starts it, and its tool for the search."""

    name: str
    python: str
    app: str
    env: Mapping[str, str]
    tool: str
    folder: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The same number of processes of ours and of the other, turn about."""

    workers: int
    turns: tuple[tuple[Load, Load], ...]

    @property
    def ratio(self) -> float:
        """Return our calls a second, as a multiple of the other's, in the middle turn."""
        return statistics.median(ours.per_s / other.per_s for ours, other in self.turns)

    def find_middle(self, figure: Callable[[Load], float]) -> tuple[float, float]:
        """Return a figure of both, each in its middle turn."""
        ours, other = (statistics.median(map(figure, loads)) for loads in zip(*self.turns, strict=True))
        return ours, other


def measure() -> Iterator[tuple[str, str, str, bool]]:
    """Yield the rows of `make bench`: calls a second and processor of both, and our memory."""
    for pair in compare():
        what = f"mcp over http, {pair.workers} process{'es' if pair.workers > 1 else ''}"
        ours, other = pair.find_middle(lambda load: load.per_s)
        yield f"{what}: calls/s", f"{ours:,.0f} (FastMCP {other:,.0f})", "(none)", True
        yield f"{what}: of FastMCP's", f"{pair.ratio:.2f}×", "≥ 1×", pair.ratio >= 1
        ours, other = pair.find_middle(cpu_ms)
        yield f"{what}: processor a call", f"{ours:.2f} ms (FastMCP {other:.2f} ms)", "(none)", True
    first, *_, last = sizes = growth()
    calls = ", ".join(f"{look:,}" for look in LOOKS)
    yield f"  MB after {calls} calls", ", ".join(f"{size:.1f}" for size in sizes), "(none)", True
    more = last - first
    yield "  memory that the last calls added", f"{more:+.1f} MB", "< 4 MB", more < 4


def cpu_ms(load: Load) -> float:
    """Milliseconds of the server's processors for a call."""
    return load.cpu_s / len(load.times_s) * 1000


def compare() -> Iterator[Pair]:
    """Put one process of each under load, then several of each."""
    with tempfile.TemporaryDirectory() as folder, _api() as url:
        hosts = (make_ours(url), make_fastmcp(url, Path(folder)))
        for workers in WORKERS:
            with ExitStack() as open:
                running = [open.enter_context(serve(host, workers)) for host in hosts]
                turns = [
                    tuple(
                        put_under_load(find_pids(pid), port, _calls(host, port), CONNECTIONS, SECONDS, WRONG)
                        for host, (pid, port) in zip(hosts, running, strict=True)
                    )
                    for _ in range(TURNS + 1)
                ]
            yield Pair(workers, tuple((ours, other) for ours, other in turns[1:]))  # the first is to warm up


def growth(looks: tuple[int, ...] = LOOKS) -> list[float]:
    """Return the resident megabytes of one process of ours after each of these numbers of calls."""
    found, done = [], 0
    with _api() as url, serve(host := make_ours(url), 1) as (pid, port):
        for look in looks:
            over = partial(_have_come, look - done)
            asyncio.run(send(port, CONNECTIONS, _calls(host, port), over, wrong=WRONG))
            done = look
            found.append(resident_mb(pid))
    return found


def _have_come(most: int, calls: int, _seconds: float) -> bool:
    return calls >= most


def make_ours(url: str) -> Host:
    """Return our server, whose callers share the operator's key and a token."""
    env = {
        "PGAGENTS_MCP_CATALOGUE": CATALOGUE,
        "PGAGENTS_MCP_TOKEN": TOKEN,
        "PARKGRAPH_API_URL": url,
        "PARKGRAPH_API_KEY": "pk_test_bench",
    }
    return Host("pgagents", sys.executable, "pgagents.mcp.asgi:app", env, "search_parking")


def make_fastmcp(url: str, folder: Path) -> Host:
    """Return FastMCP's server, made from the document of `make peers`; it is installed if it is not yet."""
    name, package, install = PEERS[0]
    home = Path(".peers", name).resolve()
    home.mkdir(parents=True, exist_ok=True)
    document = folder / "openapi.json"
    document.write_text(json.dumps(read()), encoding="utf-8")
    subject = install(name, package, document, home)
    assert subject.stdio is not None
    (folder / "hosted.py").write_text(_FASTMCP, encoding="utf-8")
    env = {"API_URL": url, "API_TOKEN": "pk_test_bench", "API_DOCUMENT": str(document)}
    python = subject.stdio(url, "").words[0]
    return Host(f"{name} {subject.version}", python, "hosted:app", env, "searchParking", str(folder))


@contextmanager
def serve(host: Host, workers: int) -> Iterator[tuple[int, int]]:
    """Serve a host with so many processes; yields the first process's id and the port."""
    port = _free_port()
    words = [host.python, "-m", "uvicorn", host.app, "--port", str(port), "--workers", str(workers)]
    words += ["--no-access-log", "--log-level", "critical"]
    words += ["--app-dir", host.folder] if host.folder else []
    env = {**os.environ, **host.env}
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    try:
        _wait_for_call(host, child, port)
        yield child.pid, port
    finally:
        child.terminate()
        child.wait()


def find_pids(pid: int) -> list[int]:
    """Return a process and its children."""
    told = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [pid, *map(int, told.stdout.split())]


def _wait_for_call(host: Host, child: subprocess.Popen[bytes], port: int) -> None:
    """Wait until a call gives the search's answer. Raises SystemExit where none does."""
    until, why = time.monotonic() + READY_S, "no answer"
    while child.poll() is None and time.monotonic() < until:
        try:
            found = httpx.post(
                f"http://127.0.0.1:{port}/mcp", json=_message(host), headers=_HEADERS, timeout=READY_S
            )
        except httpx.TransportError:
            time.sleep(0.1)
            continue
        if found.status_code == 200 and "lots" in found.text and WRONG not in found.content:
            return
        why = f"{found.status_code} {found.text[:300]}"
        break
    raise SystemExit(f"{host.name} does not answer the search: {why}")


_HEADERS = {
    "Accept": "application/json, text/event-stream",
    "Authorization": f"Bearer {TOKEN}",
    "Content-Type": "application/json",
    "MCP-Protocol-Version": "2025-11-25",
}


def _message(host: Host) -> dict[str, Any]:
    params = {"name": host.tool, "arguments": SEARCH}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}


def _calls(host: Host, port: int) -> Callable[[], bytes]:
    body = json.dumps(_message(host)).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in _HEADERS.items())
    head = f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lines}Content-Length: {len(body)}\r\n\r\n"
    same = head.encode() + body
    return lambda: same


@contextmanager
def _api() -> Iterator[str]:
    """The API: it has the sandbox's answer to the search for every request. Yields its URL."""
    with sandbox() as ready:
        headers = {"Authorization": f"Bearer {ready['keys']['unlimited']}"}
        body = httpx.get(ready["url"] + PATH, headers=headers).content
    assert b"lots" in body
    child = subprocess.Popen([sys.executable, "-c", _API], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(body)
        child.stdin.close()
        yield f"http://127.0.0.1:{int(child.stdout.readline())}"
    finally:
        child.terminate()
        child.wait()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
