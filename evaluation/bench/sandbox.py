"""A running sandbox under load, beside a Starlette route that answers a constant of the same size: one
client, loopback, keep-alive.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.bench.load import Load, Next, put_under_load, resident_mb, send

SECONDS = 0.35
TURNS = 9
"""Short turns, one after the other: whatever else the machine does meets both alike, and a pair that it
met unequally is no middle.
"""
CONNECTIONS = (1, 16, 64)
SEARCH = "/api/v1/lots/search?lat=39.6403&lng=-106.3742&radius_km=1.5&limit=5"
WARM, MANY, MANY_LONG = 3_000, 15_000, 100_000
"""Requests after which memory is looked at, and looked at again; the last takes about half a minute more."""
_RUN = "from pgagents.cli.main import run; run()"
_CONSTANT = """
import socket, sys, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
body = b"x" * int(sys.argv[1])
async def constant(request):
    if request.method == "POST":
        await request.body()
    return Response(body, media_type="application/json")
app = Starlette(routes=[Route("/constant", constant, methods=["GET", "POST"])])
bound = socket.socket()
bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
bound.bind(("127.0.0.1", 0))
bound.listen(128)
print(bound.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False)).run([bound])
"""


@dataclass(frozen=True, slots=True)
class Compared:
    """An action under load, and the constant of the same size beside it, turn about."""

    name: str
    connections: int
    turns: tuple[tuple[Load, Load], ...]

    @property
    def share(self) -> float:
        """Return the share of the constant's requests a second that is left in the middle turn."""
        return statistics.median(ours.per_s / constant.per_s for ours, constant in self.turns)

    @property
    def per_s(self) -> tuple[float, float]:
        """Requests a second of ours and of the constant, each in its middle turn."""
        ours, constant = (
            statistics.median(load.per_s for load in loads) for loads in zip(*self.turns, strict=True)
        )
        return ours, constant

    @property
    def cpu_us(self) -> tuple[float, float]:
        """Microseconds of the server's processor for a request, of ours and of the constant; 0 where the
        system does not tell.
        """
        ours, constant = (
            sum(load.cpu_s for load in loads) / sum(len(load.times_s) for load in loads) * 1e6
            for loads in zip(*self.turns, strict=True)
        )
        return ours, constant

    @property
    def p99_ms(self) -> tuple[float, float]:
        """The 99th percentile of the times of all turns, of ours and of the constant."""
        ours, constant = (
            [s for load in loads for s in load.times_s] for loads in zip(*self.turns, strict=True)
        )
        return _p99_ms(ours), _p99_ms(constant)


def _p99_ms(times_s: list[float]) -> float:
    return sorted(times_s)[int(len(times_s) * 0.99)] * 1000


def compare() -> Iterator[Compared]:
    """Search and create at each number of connections."""
    with tempfile.TemporaryDirectory() as folder, _sandbox(Path(folder)) as (pid, facts):
        for name, following in (("search", _searches(facts)), ("create", _creates(facts))):
            size_bytes = asyncio.run(_size(_port(facts), following()))
            with _constant(size_bytes) as (other, port):
                both = (([pid], _port(facts), following), ([other], port, _alike(following())))
                for connections in CONNECTIONS:
                    turns = [
                        tuple(put_under_load(*one, connections, SECONDS) for one in both)
                        for _ in range(TURNS + 1)
                    ]
                    yield Compared(
                        name, connections, tuple((ours, constant) for ours, constant in turns[1:])
                    )  # the first is to warm up


def growth(many: int) -> tuple[float, float]:
    """Resident memory in MB after WARM requests and again after `many` more, of ten a create; what they
    leave goes to the file.
    """
    with tempfile.TemporaryDirectory() as folder, _sandbox(Path(folder)) as (pid, facts):
        following = _mix_requests(facts, WARM + many)
        asyncio.run(send(_port(facts), 16, following, lambda done, _: done >= WARM))
        warm = resident_mb(pid)
        asyncio.run(send(_port(facts), 16, following, lambda done, _: done >= many))
        return warm, resident_mb(pid)


# requests, as bytes


def _request(facts: dict[str, Any], method: str, target: str, body: bytes = b"") -> bytes:
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {facts['keys']['unlimited']}\r\n"
    )
    more = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return (head + more + "\r\n").encode() + body


def _searches(facts: dict[str, Any]) -> Next:
    same = _request(facts, "GET", SEARCH)
    return lambda: same


def _creates(facts: dict[str, Any]) -> Next:
    """Creates at lots that have a space left."""
    spaces = _spaces(facts)
    numbers = itertools.count()

    def following() -> bytes:
        n = next(numbers)
        return _request(
            facts,
            "POST",
            "/api/v1/sessions",
            json.dumps({"lot_id": spaces[n % len(spaces)], "plate": f"B{n}"}).encode(),
        )

    return following


def _mix_requests(facts: dict[str, Any], total: int) -> Next:
    """Return a source of requests: searches, and among them as many creates as there are spaces."""
    search, create = _searches(facts), _creates(facts)
    every = max(10, 1 + total // max(1, len(_spaces(facts)) - 100))
    numbers = itertools.count()
    return lambda: search() if next(numbers) % every else create()


def _spaces(facts: dict[str, Any]) -> list[str]:
    """A lot's id for every free space around Denver and San Francisco, lots mixed."""
    import httpx

    free: dict[str, int] = {}
    headers = {"Authorization": f"Bearer {facts['keys']['second']}"}
    steps = [n * 0.025 for n in range(-2, 3)]
    with httpx.Client(base_url=facts["url"], headers=headers) as client:
        for (lat, lng), north, east in itertools.product(
            ((39.7476, -104.9951), (37.7749, -122.4194)), steps, steps
        ):
            query = {"lat": lat + north, "lng": lng + east, "radius_km": 5, "limit": 25}
            free |= {
                lot["id"]: lot["available"]
                for lot in client.get("/api/v1/lots/search", params=query).json()["lots"]
            }
    rounds = itertools.zip_longest(*([id] * n for id, n in free.items()))
    return [id for several in rounds for id in several if id is not None]


def _alike(request: bytes) -> Next:
    """The same request to the constant's path."""
    method, _, rest = request.partition(b" ")
    same = method + b" /constant " + rest.partition(b" ")[2]
    return lambda: same


# the servers


async def _size(port: int, request: bytes) -> int:
    """Bytes of an answer's body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    writer.close()
    return int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])


def _port(facts: dict[str, Any]) -> int:
    return int(str(facts["url"]).rpartition(":")[2])


@contextmanager
def _sandbox(folder: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    ready = folder / "ready.json"
    words = [
        "sandbox",
        "catalogue/park_graph.yaml",
        "--port",
        "0",
        "--db",
        str(folder / "world.db"),
        "--ready",
        str(ready),
    ]
    with _running([sys.executable, "-c", _RUN, *words]) as process:
        for _ in range(600):
            if ready.exists():
                break
            time.sleep(0.05)
        yield process.pid, json.loads(ready.read_text())


@contextmanager
def _constant(size_bytes: int) -> Iterator[tuple[int, int]]:
    with _running([sys.executable, "-c", _CONSTANT, str(size_bytes)]) as process:
        assert process.stdout is not None
        yield process.pid, int(process.stdout.readline())


@contextmanager
def _running(words: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
